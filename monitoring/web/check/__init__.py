"""Checking a layer by hand: pictures that a person uploads go through the same queue and workers as every layer."""
