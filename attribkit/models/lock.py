"""One lock for each network: whatever runs it, hooks it or switches its mode has it for itself meanwhile."""

from threading import Lock, RLock
from typing import Any
from weakref import WeakKeyDictionary

_LOCKS: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
_MAKING = Lock()


def lock_of(network: Any) -> Any:
    """The lock of a network, which a thread that holds it may take again.

    It is kept by the network's embedding: that is what hooks are put on, and what every wrapper of one network shares.
    It is kept beside the network rather than in it, for a lock can be neither copied nor pickled.
    """
    with _MAKING:
        return _LOCKS.setdefault(getattr(network, "embedding", network), RLock())
