"""The web application: routes, guards and failures put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI

from app.db.session import Database, open_database
from app.errors import install_handlers
from app.http import (
    comparisons,
    datasets,
    events,
    nights,
    plans,
    policies,
    rate_cards,
    roads,
    scenarios,
    solves,
    system,
)
from app.http.limits import LimitBody, Observe
from app.http.openapi import build_openapi
from app.settings import Settings, get_settings

_ROUTERS = (
    system, datasets, roads, policies, rate_cards, scenarios, solves, events, nights, plans,
    comparisons,
)  # fmt: skip


def create_app(settings: Settings | None = None, database: Database | None = None) -> FastAPI:
    """Return the application. Its connections are opened here and closed at shutdown."""
    settings = settings or get_settings()
    database = database or open_database(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        database.close()

    app = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.settings = settings
    app.state.database = database
    for module in _ROUTERS:
        app.include_router(module.router)
    install_handlers(app)
    app.add_middleware(LimitBody, settings=settings)
    app.add_middleware(Observe)
    app.openapi = partial(build_openapi, app)  # type: ignore[method-assign]
    return app
