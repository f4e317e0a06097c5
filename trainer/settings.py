"""What the trainer reads from the environment; its options win."""

from pydantic_settings import SettingsConfigDict

from layerwatch.settings import SharedSettings


class TrainerSettings(SharedSettings):
    """Variables with the prefix TRAINER_.

    Attributes:
        encoder_weights: imagenet (fetched from the model hub), none, or a safetensors file.
        device: auto, cpu, cuda or mps.
    """

    model_config = SettingsConfigDict(env_prefix="TRAINER_")

    encoder_weights: str = "imagenet"
    device: str = "auto"
