"""Layer shapes of the paper's networks (Table 3, Figures 4, 6, 7, 8) and properties of the slim
ones."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor, nn

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.settings import part_from, parts_to
from deepfocus.nets.blobs_finder import BlobsFinder, BlobsFinderConfig, Dense, Dilated
from deepfocus.nets.build import NETWORKS, NetworkConfig, build
from deepfocus.nets.decoras import Decoras, DecorasConfig
from deepfocus.nets.deep_gru import ChannelHead, DeepGRU, DeepGRUConfig, WholeHead
from deepfocus.nets.resnet import ResBlock, ResNet, ResNetConfig
from deepfocus.train.plan import network_from

B = 2
Shapes = dict[str, tuple[tuple[int, ...], tuple[int, ...]]]


def shapes_of(model: nn.Module, inputs: Tensor) -> Shapes:
    """Input and output shape of each submodule, by name, recorded as data flow through it."""
    seen: Shapes = {}

    def hook(name: str):  # type: ignore[no-untyped-def]
        def record(module: nn.Module, arguments: tuple[Tensor, ...], output: Tensor) -> None:
            first = output[0] if isinstance(output, tuple) else output
            seen[name] = (tuple(arguments[0].shape), tuple(first.shape))

        return record

    for name, module in model.named_modules():
        module.register_forward_hook(hook(name))
    with torch.no_grad():
        model.eval()(inputs)
    return seen


def kinds_of(block: nn.Module) -> list[str]:
    return [type(layer).__name__ for layer in block.children()]


def weights(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def test_blobs_finder_of_the_paper_has_the_shapes_of_table_3() -> None:
    model = BlobsFinder(BlobsFinderConfig.paper())
    shapes = shapes_of(model, torch.zeros(B, 1, 256, 256))
    table_3 = {
        "encoder.0": ((B, 1, 256, 256), (B, 8, 128, 128)),
        "encoder.1": ((B, 8, 128, 128), (B, 16, 64, 64)),
        "encoder.2": ((B, 16, 64, 64), (B, 32, 32, 32)),
        "encoder.3": ((B, 32, 32, 32), (B, 64, 16, 16)),
        "bottleneck.fc1": ((B, 64 * 16 * 16), (B, 1024)),
        "bottleneck.fc2": ((B, 1024), (B, 64 * 16 * 16)),
        "decoder.0": ((B, 64, 16, 16), (B, 32, 32, 32)),
        "decoder.1": ((B, 32, 32, 32), (B, 16, 64, 64)),
        "decoder.2": ((B, 16, 64, 64), (B, 8, 128, 128)),
        "decoder.3": ((B, 8, 128, 128), (B, 1, 256, 256)),
        "final": ((B, 1, 256, 256), (B, 1, 256, 256)),
    }
    assert {name: shapes[name] for name in table_3} == table_3


def test_blocks_of_blobs_finder_are_those_of_figure_4() -> None:
    model = BlobsFinder(BlobsFinderConfig.paper())
    convolution = ["Conv2d", "LeakyReLU", "BatchNorm2d"]
    for block in model.encoder:
        assert kinds_of(block) == convolution * 2
        strides = [layer.stride for layer in block if isinstance(layer, nn.Conv2d)]
        assert strides == [(2, 2), (1, 1)]
    for block in model.decoder:
        assert kinds_of(block.upsample) == ["Upsample", "LeakyReLU", "BatchNorm2d"]
        assert kinds_of(block.learned_upsample) == ["ConvTranspose2d", "LeakyReLU", "BatchNorm2d"]
        assert kinds_of(block.convolve) == [*convolution, "Conv2d"]
        joined = block.upsample[2].num_features + block.learned_upsample[2].num_features
        assert block.convolve[0].in_channels == joined  # the two branches concatenated
    assert kinds_of(model.final) == ["Conv2d", "Sigmoid"]
    kernels = {m.kernel_size for m in model.modules() if isinstance(m, nn.Conv2d)}
    assert kernels == {(3, 3), (1, 1)}
    assert model.final[0].kernel_size == (1, 1)


def test_deep_gru_of_the_paper_has_the_shapes_of_figure_6() -> None:
    model = DeepGRU(DeepGRUConfig.paper())
    shapes = shapes_of(model, torch.zeros(B, 128))
    assert shapes["pairs.0.upward"] == ((B, 128, 1), (B, 128, 32))
    assert shapes["pairs.0.downward"] == ((B, 128, 32), (B, 128, 32))
    assert shapes["pairs.0"] == ((B, 128, 1), (B, 128, 64))
    assert shapes["head"] == ((B, 64 * 128), (B, 128))
    assert shapes[""] == ((B, 128), (B, 128))


def test_the_two_layers_of_deep_gru_run_in_opposite_directions() -> None:
    torch.manual_seed(0)
    pair = DeepGRU(DeepGRUConfig.paper()).pairs[0]
    series = torch.randn(1, 20, 1)
    later = series.clone()
    later[0, 10] += 1.0
    with torch.no_grad():
        change = (pair(later) - pair(series)).abs().amax(dim=0)
    up, down = change[:, :32].amax(dim=1), change[:, 32:].amax(dim=1)
    assert up[:10].max() == 0  # the upward layer does not carry channel 10 to channels below
    assert up[10:].min() > 0
    assert down.min() > 0  # the downward layer does, and the first layer feeds those above


def test_resnet_of_the_paper_has_the_shapes_of_figure_8() -> None:
    model = ResNet(ResNetConfig.paper())
    shapes = shapes_of(model, torch.zeros(B, 1, 64, 64))
    figure_8 = {
        "stem": ((B, 1, 64, 64), (B, 64, 32, 32)),
        "blocks.0": ((B, 64, 32, 32), (B, 64, 32, 32)),
        "blocks.1": ((B, 64, 32, 32), (B, 128, 16, 16)),
        "blocks.2": ((B, 128, 16, 16), (B, 256, 8, 8)),
        "blocks.3": ((B, 256, 8, 8), (B, 512, 4, 4)),
        "pool": ((B, 512, 4, 4), (B, 512, 1, 1)),
        "perceptron": ((B, 512), (B, 1)),
    }
    assert {name: shapes[name] for name in figure_8} == figure_8
    assert sorted(kinds_of(model.stem)) == ["BatchNorm2d", "Conv2d", "MaxPool2d", "ReLU"]
    assert [len(pair) for pair in model.blocks] == [2, 2, 2, 2]
    assert kinds_of(model.perceptron) == ["Linear", "ReLU", "Linear"]


@pytest.mark.parametrize(("inputs", "outputs"), [(16, 16), (16, 32)])
def test_a_residual_block_adds_its_skip(inputs: int, outputs: int) -> None:
    block = ResBlock(inputs, outputs).eval()
    features = torch.randn(1, inputs, 8, 8)
    with torch.no_grad():
        expected = torch.relu(block.convolve(features) + block.skip(features))
        torch.testing.assert_close(block(features), expected)
    assert isinstance(block.skip, nn.Identity) == (inputs == outputs)
    assert kinds_of(block.convolve[0]) == ["Conv2d", "ReLU", "BatchNorm2d"]  # Figure 7


def test_slim_blobs_finder_is_small_and_takes_any_multiple_of_16() -> None:
    model = BlobsFinder(BlobsFinderConfig.slim()).eval()
    assert weights(model) < 500_000
    for size in ((256, 256), (48, 80)):
        with torch.no_grad():
            output = model(torch.randn(B, 1, *size))
        assert output.shape == (B, 1, *size)
        assert 0 <= output.min() <= output.max() <= 1


def test_slim_blobs_finder_hears_of_every_pixel() -> None:
    torch.manual_seed(0)
    # Double precision, because the farthest corner's effect is far below float32's rounding.
    model = BlobsFinder(BlobsFinderConfig.slim()).double().eval()
    image = torch.randn(1, 1, 256, 256, dtype=torch.float64, requires_grad=True)
    model(image)[0, 0, 128, 128].backward()
    assert image.grad is not None
    heard = image.grad[0, 0].reshape(16, 16, 16, 16).abs().amax(dim=(1, 3))
    assert (heard > 0).all()


def test_slim_deep_gru_takes_any_number_of_channels() -> None:
    model = DeepGRU(DeepGRUConfig.slim()).eval()
    for channels in (128, 31):
        assert model(torch.randn(B, channels)).shape == (B, channels)


def test_slim_resnet_gives_as_many_outputs_as_asked() -> None:
    model = ResNet(ResNetConfig.slim(outputs=2))
    assert weights(model) < 500_000
    assert shapes_of(model, torch.zeros(B, 1, 64, 64))[""][1] == (B, 2)


def test_decoras_of_the_paper_is_as_section_5_describes_it() -> None:
    """256 atoms, half of Blobs Finder's convolutions, upsampling by transposed ones alone."""
    model = Decoras(DecorasConfig.paper())
    shapes = shapes_of(model, torch.zeros(B, 1, 256, 256))
    described = {
        "encoder.0": ((B, 1, 256, 256), (B, 8, 128, 128)),
        "encoder.3": ((B, 32, 32, 32), (B, 64, 16, 16)),
        "bottleneck.fc1": ((B, 64 * 16 * 16), (B, 256)),
        "decoder.0": ((B, 64, 16, 16), (B, 32, 32, 32)),
        "final": ((B, 8, 128, 128), (B, 1, 256, 256)),
    }
    assert {name: shapes[name] for name in described} == described
    theirs = BlobsFinder(BlobsFinderConfig.paper())
    assert convolutions(model.encoder) * 2 == convolutions(theirs.encoder)
    assert not [m for m in model.modules() if isinstance(m, nn.Upsample)]
    assert not convolutions(model.decoder)


def convolutions(model: nn.Module) -> int:
    return sum(isinstance(module, nn.Conv2d) for module in model.modules())


def test_slim_decoras_takes_any_multiple_of_16_and_hears_of_every_pixel() -> None:
    torch.manual_seed(0)
    # Double precision, because the farthest corner's effect is far below float32's rounding.
    model = Decoras(DecorasConfig.slim()).double().eval()
    assert weights(model) < 500_000
    with torch.no_grad():
        output = model(torch.randn(B, 1, 48, 80, dtype=torch.float64))
    assert output.shape == (B, 1, 48, 80)
    assert 0 <= output.min() <= output.max() <= 1
    image = torch.randn(1, 1, 256, 256, dtype=torch.float64, requires_grad=True)
    model(image)[0, 0, 128, 128].backward()
    assert image.grad is not None
    heard = image.grad[0, 0].reshape(16, 16, 16, 16).abs().amax(dim=(1, 3))
    assert (heard > 0).all()


def test_pixels_of_a_transposed_convolution_are_sums_of_as_many_terms() -> None:
    """Ones in, the same number out in every pixel: no chequerboard."""
    layer = Decoras(DecorasConfig.paper()).final[0]
    nn.init.ones_(layer.weight)
    nn.init.zeros_(layer.bias)
    with torch.no_grad():
        inside = layer(torch.ones(1, 8, 6, 6))[0, 0, 1:-1, 1:-1]
    assert inside.min() == inside.max() == 8 * 4


ROLE_OF = {
    BlobsFinderConfig: "blobs_finder",
    DeepGRUConfig: "deep_gru",
    ResNetConfig: "flux",
    DecorasConfig: "decoras",
}


@pytest.mark.parametrize("cls", NETWORKS)
@pytest.mark.parametrize("size", ["paper", "slim"])
def test_configs_survive_as_tables(cls: type[NetworkConfig], size: str) -> None:
    config = getattr(cls, size)()
    assert part_from(parts_to(config), NetworkConfig, source="test") == config
    assert network_from(ROLE_OF[cls], {"size": size}, source="test") == config


def test_tables_with_mistakes_are_refused() -> None:
    assert network_from("angle", {"size": "slim"}, source="test").outputs == 2
    with pytest.raises(DeepFocusError, match="unknown kind 'unet'"):
        part_from({"kind": "unet"}, NetworkConfig, source="test")
    with pytest.raises(DeepFocusError, match="of size 'huge'"):
        network_from("flux", {"size": "huge"}, source="test")
    with pytest.raises(DeepFocusError, match="colour"):
        network_from("flux", {"size": "slim", "colour": "red"}, source="test")
    with pytest.raises(ValueError, match="4 widths"):
        BlobsFinderConfig((8, 16), (16, 8, 4, 1), Dense(), skips=False)
    with pytest.raises(ValueError, match="lead back"):
        BlobsFinderConfig((8, 16, 32, 64), (32, 16, 8), Dilated(), skips=True)
    with pytest.raises(ValueError, match="4 widths each"):
        DecorasConfig((8, 16), (16, 8, 4, 1), Dense())
    with pytest.raises(ValueError, match="ends in one map"):
        DecorasConfig((8, 16, 32, 64), (32, 16, 8, 4), Dense())


def test_parts_of_a_config_can_be_swapped() -> None:
    config = dataclasses.replace(BlobsFinderConfig.slim(), bottleneck=Dense(8), skips=False)
    model = build(config)
    assert shapes_of(model, torch.zeros(1, 1, 256, 256))["bottleneck.fc1"][1] == (1, 8)
    whole = DeepGRUConfig(states=4, pairs=2, head=WholeHead(16))
    assert build(whole)(torch.zeros(3, 16)).shape == (3, 16)
    channel = DeepGRUConfig(states=4, pairs=1, head=ChannelHead(4))
    assert build(channel)(torch.zeros(3, 16)).shape == (3, 16)
