"""What the program does, in asyncio and without Qt: capture, delivery, results, session."""
