"""The shipped weights as a plain transformers model: what speed is measured against."""

from __future__ import annotations

from logging import CRITICAL
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor
from transformers import (
    BertConfig,
    BertModel,
    BertPreTrainedModel,
    Pipeline,
    PreTrainedTokenizerFast,
    logging,
    pipeline,
)
from transformers.modeling_outputs import SequenceClassifierOutput

from nlp.onnx_judge import CONFIG, TOKENIZER, WEIGHTS, ModelConfig

MARKS = {"cls_token": "<s>", "sep_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}


class MeanPooled(BertPreTrainedModel):  # type: ignore[no-untyped-call]
    """A BERT with one linear answer on the mean of its last states, as the judge is."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__(config)
        self.trunk = BertModel(config, add_pooling_layer=False)
        self.head = torch.nn.Linear(int(config.hidden_size), int(config.num_labels or 0))
        self.post_init()  # type: ignore[no-untyped-call]

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, **_: Any
    ) -> SequenceClassifierOutput:
        states = self.trunk(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        return SequenceClassifierOutput(logits=self.head((states * mask).sum(1) / mask.sum(1)))


def transformers_pipeline(model: Path) -> Pipeline:
    """``transformers.pipeline`` on the dequantised weights of a model directory, in float32."""
    logging.set_verbosity(CRITICAL)  # else it lists every class that ours is not
    graph = onnx.load(str(model / WEIGHTS)).graph
    weights = _weights(graph)
    net = MeanPooled(_config(graph, weights))
    net.load_state_dict(weights)
    net.train(mode=False)
    tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_file=str(model / TOKENIZER),
        model_max_length=ModelConfig.load(model / CONFIG).max_tokens,
        **MARKS,
    )
    return pipeline("text-classification", model=net, tokenizer=tokenizer, device="cpu")


def _weights(graph: Any) -> dict[str, Tensor]:
    """Initialisers under the names of the network that they came from."""
    found = {each.name: numpy_helper.to_array(each) for each in graph.initializer}

    def of(name: str) -> np.ndarray[Any, Any]:
        value = found[name]
        at = name.removesuffix(".weight")
        if f"{at}.scale" in found:
            value = value.astype(np.float32) * found[f"{at}.scale"]
        return value

    at = "trunk.embeddings."
    named = {
        f"{at}word_embeddings.weight": of("words"),
        f"{at}position_embeddings.weight": found["places"],
        f"{at}LayerNorm.weight": found["embedded.gain"],
        f"{at}LayerNorm.bias": found["embedded.shift"],
        "head.weight": found["head.weight"],
        "head.bias": found["head.bias"],
    }
    named[f"{at}token_type_embeddings.weight"] = np.zeros((1, found["places"].shape[1]), np.float32)
    for name in (name for name in found if name.startswith("trunk.encoder.")):
        if name.endswith(".weight"):
            named |= _linear(name, of(name).T, found[name.removesuffix("weight") + "bias"])
        elif name.endswith(("output.gain", "output.shift")):
            part = "weight" if name.endswith("gain") else "bias"
            named[f"{name.rpartition('.')[0]}.LayerNorm.{part}"] = found[name]
    return {name: torch.tensor(np.ascontiguousarray(value)) for name, value in named.items()}


def _linear(
    name: str, weight: np.ndarray[Any, Any], bias: np.ndarray[Any, Any]
) -> dict[str, np.ndarray[Any, Any]]:
    at = name.removesuffix(".weight")
    if not at.endswith(".qkv"):
        return {f"{at}.weight": weight, f"{at}.bias": bias}
    at = at.removesuffix("qkv") + "attention.self."
    parts = zip(("query", "key", "value"), np.split(weight, 3), np.split(bias, 3), strict=True)
    return {f"{at}{p}.{kind}": v for p, w, b in parts for kind, v in (("weight", w), ("bias", b))}


def _config(graph: Any, weights: dict[str, Tensor]) -> BertConfig:
    words, hidden = weights["trunk.embeddings.word_embeddings.weight"].shape
    wide = weights["trunk.encoder.layer.0.intermediate.dense.weight"].shape[0]
    attributes = {
        attribute.name: onnx.helper.get_attribute_value(attribute)
        for node in graph.node
        for attribute in node.attribute
    }
    return BertConfig(
        vocab_size=words,
        hidden_size=hidden,
        num_hidden_layers=sum(name.endswith("intermediate.dense.weight") for name in weights),
        num_attention_heads=attributes["num_heads"],
        intermediate_size=wide,
        max_position_embeddings=weights["trunk.embeddings.position_embeddings.weight"].shape[0],
        type_vocab_size=1,
        layer_norm_eps=attributes["epsilon"],
        id2label={at: str(at) for at in range(weights["head.bias"].shape[0])},
    )
