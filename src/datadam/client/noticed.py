"""What law asks as members see it: notices to them, and the law files and orders in force."""

from datadam.client.line import Line
from datadam.model import Json


class Noticed(Line):
    """What a member is told."""

    def notices(self) -> list[Json]:
        """The caller's notices, newest first: `{id, topic, about, index, issued, facts}`."""
        return list(self._get("/api/notices", as_member=True)["items"])

    def law(self) -> Json:
        """The law files in use and every order: `{files, orders}`."""
        found: Json = self._get("/api/law")
        return found
