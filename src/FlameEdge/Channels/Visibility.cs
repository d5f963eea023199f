using System.Runtime.CompilerServices;

// The parts of the transfer protocol are tested one by one.
[assembly: InternalsVisibleTo("FlameEdge.Tests")]
[assembly: InternalsVisibleTo("FlameEdge.Mqtt")]
