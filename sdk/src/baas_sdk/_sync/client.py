# Made of its asynchronous twin by `python -m sdk.scripts.generate`: do not edit.
"""The client: where it speaks to, with which key, and how patiently."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from baas_sdk import _request
from baas_sdk._sync.api import Api, RawApi
from baas_sdk._sync.raw import raw
from baas_sdk._sync.transport import Transport
from baas_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from types import TracebackType

    import httpx


class Client(Api):
    """A store of the backend.

    `api_key` is a secret key (`sk_…`, everything within its scopes) or a publishable one (`pk_…`,
    `client.storefront` alone); without it, the environment variable `BAAS_API_KEY`. `base_url` is where the
    backend is; without it, `BAAS_BASE_URL`. `timeout` is in seconds for each try (5 to connect, 30 for the
    rest), `max_retries` how often a call is repeated when the connection breaks or the server is busy.
    `http_client` is used as it is, for proxies, certificates and tests, and is not closed with the client.

    Raises ConfigurationError.
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        timeout: float | httpx.Timeout = _request.DEFAULT_TIMEOUT,
        max_retries: int = _request.DEFAULT_RETRIES,
        default_headers: Mapping[str, str] | None = None,
        http_client: httpx.Client | None = None,
    ) -> None:
        import httpx

        if max_retries < 0:
            raise ConfigurationError("max_retries is 0 or more.")
        given: object = http_client
        if given is not None and not isinstance(given, httpx.Client):
            raise ConfigurationError(f"http_client of {type(self).__name__} has to be a httpx.Client.")
        found_key, found_address = _request.key(api_key), _request.address(base_url)
        self._owns_http = http_client is None
        super().__init__(
            Transport(
                httpx.Client() if http_client is None else http_client,
                found_address,
                found_key,
                timeout,
                max_retries,
                dict(default_headers or {}),
            )
        )

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(base_url={self.base_url!r},"
            f" api_key={_request.shown(self._transport.api_key)!r})"
        )

    @property
    def base_url(self) -> str:
        """Where the backend is."""
        return self._transport.base_url.removesuffix(_request.BASE_PATH)

    def with_options(
        self,
        *,
        api_key: str | None = None,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
        default_headers: Mapping[str, str] | None = None,
    ) -> Client:
        """A client over the same connections with other options; what is left out stays. Headers are added."""
        old = self._transport
        return Client(
            old.api_key if api_key is None else api_key,
            base_url=old.base_url,
            timeout=old.timeout if timeout is None else timeout,
            max_retries=old.max_retries if max_retries is None else max_retries,
            default_headers={**old.default_headers, **(default_headers or {})},
            http_client=old.http,
        )

    @cached_property
    def with_raw_response(self) -> RawApi:
        """The same methods, answering RawResponse: status, headers, request id and the data."""
        return RawApi(raw(self._transport))

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | httpx.Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Any:
        """An endpoint that is newer than this SDK: `path` with or without `/api/v1`; answers `data` as plain
        Python.
        """
        options = _request.Options(dry_run, idempotency_key, timeout, extra_headers)
        call: _request.Call[Any] = _request.Call(
            method.upper(), _request.below(path), Any, query=query or {}, body=body, options=options
        )
        return self._transport.send(call)

    def close(self) -> None:
        """Close the connections, unless they are those of a `http_client` that was given."""
        if self._owns_http:
            self._transport.http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
