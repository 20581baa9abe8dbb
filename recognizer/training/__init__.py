"""Train, distill and export recognizers; the only part of the recognizer that imports torch."""
