"""Make the Flask application out of services that are built already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from app.admin.register import register_admin
from app.web import health, listen, moods, reactions, tracks, you
from app.web.assets import register_assets
from app.web.context import EXTENSION
from app.web.errors import register_error_handlers
from app.web.pages import register_words
from app.web.requests import InMemoryRequest
from app.web.security import CONSENT_LIMIT, REACTION_LIMIT, UPLOAD_LIMIT, limit_calls, protect

if TYPE_CHECKING:
    from app.bootstrap import Services

ONE_YEAR_S = 365 * 24 * 3600


class PageApp(Flask):
    """Flask with uploads that stay in memory."""

    request_class = InMemoryRequest


def create_app(services: Services) -> Flask:
    """Build the application that serves the page.

    Args:
        services: what the views call; the application opens nothing itself.
    """
    app = PageApp("app.web", static_folder="static", template_folder="templates")
    app.extensions[EXTENSION] = services
    if n_proxies := services.settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=n_proxies, x_proto=n_proxies)  # type: ignore[method-assign]
    # Bundles bear a version in their address, so a browser may keep them.
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = ONE_YEAR_S
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    register_words(app)
    protect(app, services.settings)
    for page in (listen, moods, reactions, you, tracks, health):
        app.register_blueprint(page.blueprint)
    limit_calls(app, {"listen.create": UPLOAD_LIMIT, "reactions.create": REACTION_LIMIT, "you.agree": CONSENT_LIMIT})
    register_admin(app, services)
    register_assets(app)
    register_error_handlers(app)
    return app
