import pytest

from layerwatch.errors import TrainingError
from trainer.recipe import Recipe, encoder_file, make_recipe


def test_channels_are_read_from_text() -> None:
    assert make_recipe("144,96,48,32,16", crop=128).decoder_channels == (144, 96, 48, 32, 16)


def test_without_channels_a_decoder_has_its_usual_ones() -> None:
    assert make_recipe(None).decoder_channels == (256, 128, 64, 32, 16)
    assert make_recipe(None, decoder="compact").decoder_channels == (144, 96, 48, 32, 16)
    assert make_recipe("8,8,8,8,8", decoder="compact").decoder_channels == (8, 8, 8, 8, 8)


def test_every_wrong_value_is_named_in_one_line() -> None:
    with pytest.raises(TrainingError, match=r"decoder_channels.*; scale.*; crop") as caught:
        make_recipe("1,2", scale=3.0, crop=100)

    assert "\n" not in str(caught.value)


def test_a_run_may_go_on_longer_but_not_differently() -> None:
    recipe = Recipe(steps=10)

    assert Recipe(steps=20, max_minutes=5).continues(recipe)
    assert not Recipe(steps=10, crop=128).continues(recipe)


def test_the_architecture_reads_as_words() -> None:
    assert Recipe().architecture == "U-Net, MobileNetV2 encoder, decoder 256, 128, 64, 32, 16"
    assert Recipe(decoder="linknet").architecture == "LinkNet, MobileNetV2 encoder"
    assert make_recipe("9,8,7,6", decoder="compact").architecture == (
        "Compact U-Net, MobileNetV2 encoder, decoder 9, 8, 7, 6, at half resolution"
    )


def test_words_for_encoder_weights_are_no_files() -> None:
    assert encoder_file("imagenet") is None
    assert encoder_file("none") is None
    assert str(encoder_file("w.safetensors")) == "w.safetensors"


def test_hard_examples_need_a_network_that_finds_them_hard() -> None:
    with pytest.raises(TrainingError, match="give --start with --hard-share"):
        make_recipe("8,8,8,8,8", hard_share=0.5)


def test_only_a_compact_network_has_four_stages() -> None:
    with pytest.raises(TrainingError, match="only a compact network may have four"):
        make_recipe("8,8,8,8")


def test_without_a_step_there_has_to_be_something_to_take_over() -> None:
    assert make_recipe(None, steps=0, start="float32.onnx").steps == 0
    with pytest.raises(TrainingError, match="without a step nothing is learned"):
        make_recipe(None, steps=0)
