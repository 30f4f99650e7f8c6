"""The live page: models loaded once, then explanations as fast as one types, over HTTP.

Only this machine can ask, unless `attribkit serve --host` says otherwise.

`app.create_app` builds the application from models; `server.serve` runs it. A request goes through the `RequestGuard`
(who may ask, and how much), waits for a `BatchWorker` (a bounded queue, a thread that answers what waits together), and
comes back as the same `Explanation` that `attribkit.explain` returns, or as `live`, what the page paints of it.
"""
