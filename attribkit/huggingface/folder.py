"""What may be loaded: a folder of data with safetensors weights and a classifier's head, and nothing that runs code."""

import json
from pathlib import Path
from typing import Any

from attribkit.errors import InputError, InputNotFoundError

CONFIG = "config.json"
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.h5", "*.msgpack")
_HEAD = "ForSequenceClassification"


def is_transformer_folder(folder: Path) -> bool:
    """Whether a folder was written by `save_pretrained`: its config.json names a model type."""
    return "model_type" in _config(folder)


def check_folder(folder: Path) -> None:
    """Refuse a folder that holds no sequence classifier as data.

    Raises:
        InputError: without weights in safetensors; with code of its own; without a classification head.
    """
    config, name = _config(folder), str(folder)
    if not (list(folder.glob("*.safetensors")) or (folder / "model.safetensors.index.json").is_file()):
        others = sorted(file.name for pattern in _PICKLES for file in folder.glob(pattern))
        if others:
            raise InputError(
                f"weights in safetensors were expected in {name!r}, got {others[0]}, which may run code as it is read; "
                "if you trust it, load it with transformers and write it anew by model.save_pretrained(folder)"
            )
        raise InputNotFoundError(
            f"{name!r} holds a configuration and no weights; give the folder save_pretrained wrote"
        )
    from transformers import CONFIG_MAPPING

    if config.get("auto_map") and config["model_type"] not in CONFIG_MAPPING:
        raise InputError(
            f"the model in {name!r} needs code of its own, which is never run from a folder; load it yourself, if you "
            "trust it, and give (model, tokenizer)"
        )
    check_head(config.get("architectures") or ())


def check_head(architectures: Any) -> None:
    """Refuse a model that is no sequence classifier.

    Raises:
        InputError: for one that generates, fills masks, or has no head.
    """
    if architectures and not any(str(name).endswith(_HEAD) for name in architectures):
        raise InputError(
            f"a model with a classification head was expected (…{_HEAD}), got {architectures[0]}, which has none; give "
            "one that was trained to classify, or a sentence-transformers body with its head"
        )


def _config(folder: Path) -> dict[str, Any]:
    try:
        content = json.loads((folder / CONFIG).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
