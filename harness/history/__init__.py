"""The history of runs: figures over time, changes of their level, and cases that fail now and then."""
