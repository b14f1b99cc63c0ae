"""Read a share with the official Delta Sharing client, in its own environment; prints what it saw as one JSON object.

Arguments: the profile file, then the table as `share.schema.table`. Nothing of datadam is imported here.
"""

import json
import sys

import delta_sharing


def main() -> None:
    """List, then load in both formats, whole and cut short."""
    profile, table = sys.argv[1:3]
    client = delta_sharing.SharingClient(profile)
    url = f"{profile}#{table}"
    choices: dict[str, dict[str, object]] = {
        "chosen": {},
        "parquet": {"use_delta_format": False},
        "delta": {"use_delta_format": True},
        "limited": {"limit": 3, "use_delta_format": False},
        "hinted": {"jsonPredicateHints": json.dumps({"op": "equal"}), "use_delta_format": False},
    }
    frames = {name: delta_sharing.load_as_pandas(url, **options) for name, options in choices.items()}
    seen = {
        "tables": [f"{found.share}.{found.schema}.{found.name}" for found in client.list_all_tables()],
        "shares": [share.name for share in client.list_shares()],
        "version": delta_sharing.get_table_version(url),
        "fields": [
            field["name"] for field in json.loads(delta_sharing.get_table_metadata(url).schema_string)["fields"]
        ],
        "rows": {
            name: json.loads(frame.astype(str).to_json(orient="records", date_format="iso"))
            for name, frame in frames.items()
        },
    }
    print(json.dumps(seen))  # noqa: T201  (the answer)


if __name__ == "__main__":
    main()
