"""The host's ASGI application with the extension in place: `uvicorn owui_keygate.asgi:app`.

For those who start the host where start-up files (`.pth`) are not read.
"""

import owui_keygate

owui_keygate.install()

from open_webui.main import app  # noqa: E402

__all__ = ["app"]
