"""Pictures and masks in, a model bundle in the registry out."""
