"""The shipped weights as a plain transformers model: what speed is measured against."""

from __future__ import annotations

from logging import CRITICAL
from pathlib import Path
from typing import Any

import onnx
import torch
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
from nlp.train.dequantised import dequantised, phrases
from nlp.train.graph import Weights
from nlp.train.net import Net
from nlp.train.phrases import Phrases
from nlp.train.start import fitted

MARKS = {"cls_token": "<s>", "sep_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}


class Judging(BertPreTrainedModel):  # type: ignore[no-untyped-call]
    """The network and its phrases as they were trained, with the answers that ship."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__(config)
        trunk = BertModel(config, add_pooling_layer=False)
        self.net = Net(trunk, int(config.hidden_size))
        self.phrases = Phrases()
        self.post_init()  # type: ignore[no-untyped-call]

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, **_: Any
    ) -> SequenceClassifierOutput:
        logits = self.net(input_ids, attention_mask)
        logits = logits + self.phrases(input_ids, attention_mask)
        return SequenceClassifierOutput(logits=logits[:, : self.config.num_labels])


def transformers_pipeline(model: Path) -> Pipeline:
    """``transformers.pipeline`` on the dequantised weights of a model directory, in float32."""
    logging.set_verbosity(CRITICAL)  # else it lists every class that ours is not
    graph = onnx.load(str(model / WEIGHTS)).graph
    weights = dequantised(model)
    net = Judging(_config(graph, weights))
    net.net.load_state_dict(fitted(weights, net.net, model))
    if (table := phrases(model)) is not None:
        net.phrases.table.weight.data[:, : table.shape[1]] = torch.tensor(table)
    net.train(mode=False)
    tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_file=str(model / TOKENIZER),
        model_max_length=ModelConfig.load(model / CONFIG).max_tokens,
        **MARKS,
    )
    return pipeline("text-classification", model=net, tokenizer=tokenizer, device="cpu")


def _config(graph: Any, weights: Weights) -> BertConfig:
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
