"""Examples that could have happened: made from the schemas, with values that the names of fields suggest."""

import re
from typing import Any, Final

from baas.openapi.story import EXACT, FIELDS, KINDS, MOMENT, REFERENCES, public_id

_USUAL: Final = (
    *("paid", "active", "delivered", "enabled", "done", "succeeded", "deny", "physical", "test", "secret"),
    *("received", "moved", "api", "storefront", "failed"),
)
"""Words that enumerations show, the first that is among theirs."""
_USUALLY_FALSE: Final = frozenset(
    {"price_changed", "needs_attention", "oversold", "ordered", "low_stock", "restock", "has_more"}
)


class Examples:
    """Makes examples from the document's own schemas."""

    def __init__(self, components: dict[str, dict[str, Any]]) -> None:
        self._components = components

    def of(self, schema: dict[str, Any], *, struct: str = "", field: str = "", depth: int = 0) -> Any:
        """An example of a schema; `struct` and `field` say where it stands.

        The field's own comes first (`Meta(examples=[…])`), then what its name suggests, then what its type allows.
        """
        if field and schema.get("examples"):
            return schema["examples"][0]
        exact = f"{struct}.{field}"
        if exact in EXACT:
            return EXACT[exact]
        if field == "id" and struct in KINDS:
            return public_id(KINDS[struct])
        if field in REFERENCES and _takes_text(schema):
            return public_id(REFERENCES[field])
        beside_null = [choice["examples"] for choice in schema.get("anyOf", ()) if choice.get("examples")]
        if field and beside_null:
            return beside_null[0][0]
        if field in FIELDS and self._fits(FIELDS[field], schema):
            return FIELDS[field]
        return self._from(schema, struct, field, depth)

    def _from(self, schema: dict[str, Any], struct: str, field: str, depth: int) -> Any:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            return self._from(self._components[name], name, field, depth + 1)
        for word in ("const", "default"):
            if schema.get(word) not in (None, [], {}):
                return schema[word]
        if schema.get("examples"):
            return schema["examples"][0]
        choices = schema.get("anyOf") or schema.get("oneOf")
        if choices:
            chosen = next((choice for choice in choices if choice.get("type") != "null"), choices[0])
            return self.of(chosen, struct=struct, field=field, depth=depth)
        if "enum" in schema:
            return next((word for word in _USUAL if word in schema["enum"]), schema["enum"][0])
        match schema.get("type"):
            case "object":
                return self._object(schema, struct, depth)
            case "array":
                item = schema.get("items", {})
                return [self.of(item, depth=depth)] if depth < 6 or schema.get("minItems") else []
            case "integer":
                return max(1, schema.get("minimum", 1))
            case "boolean":
                return field not in _USUALLY_FALSE
            case "string":
                return self._text(schema, field)
        return {}

    def _object(self, schema: dict[str, Any], struct: str, depth: int) -> dict[str, Any]:
        return {
            name: self.of(property_, struct=struct, field=name, depth=depth)
            for name, property_ in schema.get("properties", {}).items()
        }

    def _text(self, schema: dict[str, Any], field: str) -> str:
        if (
            schema.get("format") == "date-time"
            or field.endswith("_at")
            or field in {"at", "timestamp", "since", "until"}
        ):
            return MOMENT
        if schema.get("format") == "binary":
            return "products_export.csv"
        return field.replace("_", " ")[: schema.get("maxLength", 80)] or "text"

    def _fits(self, value: Any, schema: dict[str, Any]) -> bool:
        """Whether a value suggested by a name has the type that the schema wants."""
        if "$ref" in schema:
            target = self._components[schema["$ref"].rpartition("/")[2]]
            return "enum" in target and value in target["enum"]
        if "enum" in schema:
            return value in schema["enum"]
        choices = schema.get("anyOf") or schema.get("oneOf")
        if choices:
            return any(self._fits(value, choice) for choice in choices)
        kinds = {"string": str, "array": list, "object": dict, "boolean": bool, "null": type(None)}
        kind = schema.get("type")
        if kind == "integer":
            low, high = schema.get("minimum", value), schema.get("maximum", value)
            return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        if kind == "object" and schema.get("properties"):
            return False
        if kind == "string" and isinstance(value, str) and "pattern" in schema:
            return re.search(schema["pattern"], value) is not None
        if kind == "array" and isinstance(value, list):
            return all(self._fits(item, schema.get("items", {})) for item in value)
        return kind is None or isinstance(value, kinds[kind])


def _takes_text(schema: dict[str, Any]) -> bool:
    choices = schema.get("anyOf", [schema])
    return any(choice.get("type") == "string" for choice in choices)
