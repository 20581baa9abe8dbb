from __future__ import annotations

import pytest
import torch

from recognizer.training.checkpoints import build_model
from recognizer.training.unfreezing import LearningPlan, Unfreezing
from tests.recognizer.training.made_up import make_tuning_config


def list_learning(model) -> set[str]:
    return {name for name, parameter in model.named_parameters() if parameter.requires_grad}


@pytest.mark.parametrize("encoder_dir", ["whisper_dir", "wav2vec2_dir"])
def test_blocks_learn_from_the_top_down_and_slower_below(encoder_dir, request):
    config = make_tuning_config(encoder=str(request.getfixturevalue(encoder_dir)), layer_decay=0.5)
    model = build_model(config)
    plan = LearningPlan.of(model, config)
    rate_by_parameter = {id(each): group["lr"] for group in plan.build_groups(config) for each in group["params"]}

    plan.unfreeze(1)

    lower, upper = (list(block.parameters()) for block in model.encoder.blocks)
    assert all(each.requires_grad for each in upper)
    assert not any(each.requires_grad for each in lower)
    assert all(each.requires_grad for each in model.head.parameters())
    assert {rate_by_parameter[id(each)] for each in upper} == {config.encoder_learning_rate}
    assert {rate_by_parameter[id(each)] for each in lower} == {config.encoder_learning_rate / 2}
    assert {rate_by_parameter[id(each)] for each in model.head.parameters()} == {config.learning_rate}


def test_the_front_end_learns_only_if_a_run_says_so(wav2vec2_dir):
    for trains_stem in (False, True):
        config = make_tuning_config(encoder=str(wav2vec2_dir), trains_stem=trains_stem)
        model = build_model(config)

        LearningPlan.of(model, config).unfreeze(2)

        assert all(each.requires_grad for each in model.encoder.blocks.parameters())
        assert all(each.requires_grad == trains_stem for each in model.encoder.stem.parameters())


def test_nothing_of_the_encoder_learns_in_a_frozen_probe(whisper_dir):
    config = make_tuning_config(encoder=str(whisper_dir))
    model = build_model(config)

    LearningPlan.of(model, config).unfreeze(0)

    assert not {name for name in list_learning(model) if name.startswith("encoder.")}


@pytest.mark.parametrize(
    ("unit", "at", "expected"),
    [("fraction", (0.0, 0.1, 0.3), [0, 0, 1, 1, 2, 2]), ("steps", (0.0, 25.0, 90.0), [0, 0, 0, 1, 1, 2])],
)
def test_blocks_are_unfrozen_by_fraction_or_by_step(whisper_dir, unit, at, expected):
    config = make_tuning_config(
        encoder=str(whisper_dir), unfreeze_unit=unit, unfreeze_at=at, unfreeze_blocks=(0, 1, 100)
    )
    unfreezing = Unfreezing(LearningPlan.of(build_model(config), config), config)

    assert [unfreezing.count_unfrozen(step, 100) for step in (0, 9, 10, 29, 30, 99)] == expected


def test_attention_starts_as_the_plain_mean_and_deviation():
    from recognizer.training.pooling import build_pooler

    hidden = torch.randn(2, 30, 8, generator=torch.Generator().manual_seed(0))

    plain, attentive, mean = (build_pooler(name, 8)(hidden) for name in ("mean-and-deviation", "attentive", "mean"))

    torch.testing.assert_close(torch.cat(attentive), torch.cat(plain))
    torch.testing.assert_close(mean[0], plain[0])
