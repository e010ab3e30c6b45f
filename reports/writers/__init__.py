"""Writers: functions from the records of a run to text, one for each kind of reader."""
