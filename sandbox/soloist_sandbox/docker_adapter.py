"""The SDK's transport over our own sockets. It imports the SDK's HTTP library: import it only where the SDK is used."""

from typing import Any

from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection

from soloist_sandbox.docker_dial import Dialler


class DiallingAdapter(HTTPAdapter):
    """Sends every request to one engine, on connections that are kept and used again."""

    def __init__(self, dialler: Dialler) -> None:
        super().__init__()
        self._dialler = dialler
        self._pool = _Pool("docker", dialler=dialler)

    def get_connection_with_tls_context(self, *_: Any, **__: Any) -> HTTPConnectionPool:
        """Whatever the address and the proxies: the one pool."""
        return self._pool

    def request_url(self, request: PreparedRequest, *_: Any, **__: Any) -> str:
        """The path alone, as for any server that is asked directly."""
        return request.path_url

    def close(self) -> None:
        """Close the connections, and what opened them."""
        super().close()
        self._pool.close()
        self._dialler.close()


class _Connection(HTTPConnection):
    def __init__(self, *args: Any, dialler: Dialler, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._dialler = dialler

    def connect(self) -> None:
        self.sock = self._dialler.dial()


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection
