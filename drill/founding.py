"""Before the first act: two dams and two witnesses, law and standards, members, the peering, guests."""

from datadam.formats import codelists
from demo.shell import NOTHING, indent
from drill import cast
from drill.cast import NOEUL, SEOUL, SHARED, WASHINGTON
from drill.scene import Scene
from drill.site import together


def found(scene: Scene) -> None:
    """Two dams, and two witnesses who watch both."""
    scene.story.chapter("dams")
    for site in scene.sites.values():
        site.found()
    with together(*(site.served() for site in scene.sites.values())):
        told = [witness.found(*scene.sites.values()) for witness in scene.witnesses]
    for site in scene.sites.values():
        site.set(witnesses=told)


def admit(scene: Scene) -> None:
    """Law, standards, offers; countries accede and firms join."""
    scene.story.chapter("members")
    for name, site in scene.sites.items():
        site.operator.type("datadam", "law", "adopt", lines=NOTHING)
        for standard in cast.STANDARDS:
            site.told("publish", text=codelists.packaged_standards()[standard])
        indent(f"Published in {name.capitalize()}: {', '.join(cast.STANDARDS)}.")
        site.operator.type("datadam", "offer", "publish", SHARED, lines=slice(1))
        for who in (cast.COUNTRIES[name], *cast.MEMBERS[name]):
            site.joins(who, scene.shell(who), typed=who is NOEUL)


def peer(scene: Scene) -> None:
    """Both operators sign one document of terms."""
    scene.story.chapter("peering")
    terms = scene.folder / "terms.toml"
    terms.write_text(_terms(), encoding="utf-8")
    seoul, washington = scene.seoul, scene.washington
    offers = ("datadam", "peer", "add", washington.url, "--terms", str(terms), "--key", washington.vkey, "--yes")
    seoul.operator.type(*offers)
    washington.operator.type("datadam", "peer", "add", seoul.url, "--key", seoul.vkey, "--yes")
    for site in scene.sites.values():
        scene.until(lambda site=site: scene.hears(site), f"{site.name} hears its peer")  # type: ignore[misc]
    scene.story.fact("terms")


def _terms() -> str:
    one, two = cast.ORIGINS[SEOUL], cast.ORIGINS[WASHINGTON]
    standards = ", ".join(f'"{one}"' for one in cast.STANDARDS)
    return "\n".join(
        [
            f"standards = [{standards}]",
            'classes = ["public", "business", "confidential"]',
            f"contact_seconds = {cast.CONTACT_SECONDS}",
            "guests = true",
            *(
                f'[[between]]\norigin = "{cast.ORIGINS[name]}"\njurisdiction = "{cast.LANDS[name]}"'
                for name in cast.ORIGINS
            ),
            f'[[directions]]\nfrom = "{one}"\nto = "{two}"',
            f'[[directions]]\nfrom = "{two}"\nto = "{one}"',
            "",
        ]
    )


def invite(scene: Scene) -> None:
    """Members of one dam take part in the other; the dam at home vouches."""
    scene.story.chapter("guests")
    for who, home, there in cast.GUESTS:
        words = ("datadam", "join", "--as-guest", "--home", scene.sites[home].url, "--url", scene.sites[there].url)
        scene.shell(who).type(*words, "--key", "firm.key", "--yes", lines=slice(-2, None))
