# Types of what tools/ uses of pyelftools, which has none of its own.
