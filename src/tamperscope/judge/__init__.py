"""Plain functions on numbers: how well people and machines tell forged mammograms from untouched ones.

One concept a file. Nothing here imports another room, reads an image or knows what a study is.
"""
