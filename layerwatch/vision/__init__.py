"""Pictures in, probabilities and regions out: the same code in training and in serving."""
