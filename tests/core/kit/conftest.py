from hypothesis import settings

# A deadline for single examples fails on a busy machine and says nothing about the code.
settings.register_profile("kit", deadline=None, max_examples=60)
settings.load_profile("kit")
