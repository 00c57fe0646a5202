"""What the service answers over HTTP. Reads a state that others keep; writes nothing."""

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from adapters.base import inert
from auditor.ledger import LedgerError
from auditor.service.health import judge_ready
from auditor.web.guard import Guard
from auditor.web.metrics import render_metrics
from auditor.web.page import render_page
from auditor.web.reports import add_reports
from auditor.web.source import StateSource

__all__ = ["make_app"]

READ = ["GET", "HEAD"]


def make_app(source: StateSource) -> FastAPI:
    """The application: `/healthz`, `/readyz`, `/metrics`, `/reports/` and the page at `/`."""
    # Nothing of requests is sent anywhere, whatever the environment says.
    app = FastAPI(
        title="export-auditor", docs_url=None, redoc_url=None, openapi_url=None, telemetry={"auto_configure": False}
    )
    app.add_middleware(Guard, config=lambda: source.config)

    @app.exception_handler(LedgerError)
    def without_ledger(_request: Request, error: LedgerError) -> Response:
        return JSONResponse({"detail": inert(str(error))}, 503)

    @app.exception_handler(Exception)
    def failed(_request: Request, _error: Exception) -> Response:
        # What went wrong is logged; whoever asks may be anybody.
        return JSONResponse({"detail": "this could not be answered; the log says why"}, 500)

    @app.api_route("/healthz", methods=READ)
    def healthz() -> Response:
        """The process lives."""
        return JSONResponse({"status": "alive"})

    @app.api_route("/readyz", methods=READ)
    def readyz() -> Response:
        """It does its work: 200, or 503 with reasons."""
        ready = judge_ready(source.health(), source.now())
        reasons, warnings = ([inert(one) for one in said] for said in (ready.reasons, ready.warnings))
        said = {"ready": ready.is_ready, "reasons": reasons, "warnings": warnings}
        return JSONResponse(said, 200 if ready.is_ready else 503)

    @app.api_route("/metrics", methods=READ)
    def metrics() -> Response:
        """For Prometheus."""
        text, content_type = render_metrics(source)
        return Response(text, media_type=content_type)

    @app.api_route("/", methods=READ)
    def page() -> Response:
        """For people."""
        return HTMLResponse(render_page(source))

    add_reports(app, source)
    return app
