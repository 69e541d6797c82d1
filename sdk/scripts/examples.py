"""Takes the document's examples out for `baas_sdk.testing`."""

import json

from sdk.scripts.document import Document


def write_examples(document: Document) -> str:
    """JSON: what every operation answers, and what every event holds."""
    operations = {}
    paged = {operation.id: operation.paged for operation in document.operations}
    for methods in document.raw["paths"].values():
        for written in methods.values():
            for status, response in sorted(written["responses"].items()):
                content = response.get("content", {}).get("application/json")
                if status.startswith("2") and content:
                    operations[written["operationId"]] = {
                        "status": int(status),
                        "data": content["example"]["data"],
                        "paged": paged.get(written["operationId"], False),
                    }
                    break
    events = {
        name: event["requestBody"]["content"]["application/json"]["example"]["data"]
        for name, event in document.events.items()
    }
    kept = {name: value for name, value in operations.items() if name in paged}
    return (
        json.dumps({"operations": kept, "events": events}, ensure_ascii=False, sort_keys=True, indent=1)
        + "\n"
    )
