// Every scenario runs a broker and a fleet of trainers on all cores: side by side they would only slow each other into deadlines.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
