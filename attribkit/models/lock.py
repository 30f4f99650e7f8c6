"""One lock for each network: whoever runs it, hooks it or switches its mode has it alone meanwhile."""

from threading import Lock, RLock
from typing import Any
from weakref import WeakKeyDictionary

_LOCKS: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
_MAKING = Lock()


def lock_of(network: Any) -> Any:
    """The lock of a network; a thread that holds it may take it again.

    It belongs to the network's embedding, on which hooks are put and which every wrapper of one network shares; where
    there is none, to the network that is wrapped. It is not an attribute, for a lock can be neither copied nor pickled.
    """
    with _MAKING:
        shared = getattr(network, "embedding", None)
        return _LOCKS.setdefault(getattr(network, "network", network) if shared is None else shared, RLock())
