"""The live page: models loaded once, then explanations as fast as one types, over HTTP.

Only this machine can use it, unless `attribkit serve --host` says otherwise.

`app.create_app` builds the application from models; `server.serve` runs it. A request goes through the `RequestGuard`
(who may ask, and how much), waits for a `BatchWorker` (a bounded queue, and a thread that answers waiting requests
together), and comes back as the same `Explanation` that `attribkit.explain` returns, or as `live`, the page's content.
"""
