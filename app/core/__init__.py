"""The shared kernel: services every module stands on. It knows no business module."""
