"""The types of the API, generated from its OpenAPI document; `baas_sdk.types` is their public place."""
