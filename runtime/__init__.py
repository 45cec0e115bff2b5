"""The privileged side of Terrarium: keeper, worker, and all that touches the kernel. Knows nothing of Django."""
