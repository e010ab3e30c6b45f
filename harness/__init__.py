"""What a suite's author uses: a pytest plugin with fixtures, waits, builders, data plane readers and load."""
