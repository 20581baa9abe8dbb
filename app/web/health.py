"""Whether the server lives, and whether it can do its job."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from app.web.context import current_services

blueprint = Blueprint("health", __name__)


@blueprint.get("/health")
def show_health() -> Response:
    """Answer while the process lives."""
    return jsonify(status="ok")


@blueprint.get("/ready")
def show_readiness() -> tuple[Response, int]:
    """Tell what is there and what is missing; 503 until a voice note can become a playlist."""
    readiness = current_services().readiness()
    checks = [{"name": check.name, "ok": check.ok, "message": check.message} for check in readiness]
    is_ready = all(check.ok for check in readiness)
    return jsonify(ready=is_ready, checks=checks), 200 if is_ready else 503
