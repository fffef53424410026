// Tests of the rules lie in the files beside; those of `run` follow.
