"""The part of a run that needs torch: from rows to trained weights."""

from __future__ import annotations

import os

import torch
from tokenizers import Tokenizer

from nlp.encoding import Encoder
from nlp.train.export import Trained, check_exportable
from nlp.train.loop import Course, Progress, Rates, Run, train
from nlp.train.net import from_base
from nlp.train.phrases import table_of
from nlp.train.run import CHECKPOINT, Options, Rows
from nlp.train.start import start_from
from nlp.train.tensors import Tokens, class_weights


def course_of(options: Options, rows: Rows, tokenizer: Tokenizer) -> Course:
    """All that a run will see, in order."""
    encoder = Encoder(tokenizer, max_tokens=options.max_tokens)
    tokens = Tokens(encoder, [example for found in rows.train.values() for example in found])
    plan = options.plan(rows, tokens.length)
    return Course(plan, tokens, class_weights([row.example for batch in plan for row in batch]))


def learn(options: Options, rows: Rows, progress: Progress) -> Trained:
    """Go on from the checkpoint in ``options.out`` if there is one."""
    torch.set_num_threads(os.cpu_count() or 1)
    torch.manual_seed(options.seed)
    net, tokenizer = from_base(options.base)
    check_exportable(net.trunk.config)
    course = course_of(options, rows, tokenizer)
    summary = rows.summary(course.plan)
    progress(summary)
    identity, checkpoint = options.identity(), options.out / CHECKPOINT
    if options.start:
        start_from(net, options.start)
    options.out.mkdir(parents=True, exist_ok=True)  # a refused run leaves nothing
    run = Run(net, len(course.plan), options.seed, Rates(trunk=options.rate))
    if checkpoint.exists():
        run.load(checkpoint, identity)
    train(run, course, saved=lambda run: run.save(checkpoint, identity), progress=progress)
    return Trained(
        weights={name: value.numpy() for name, value in net.state_dict().items()},
        phrases=table_of(rows.train, course.tokens, seed=options.seed, progress=progress),
        config=net.trunk.config,
        tokenizer=tokenizer.to_str(),
        max_tokens=options.max_tokens,
        facts={**identity, **summary},
    )
