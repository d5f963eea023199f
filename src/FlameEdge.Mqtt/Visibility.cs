using System.Runtime.CompilerServices;

// Tests speak to the control connection as a hostile client would.
[assembly: InternalsVisibleTo("FlameEdge.Mqtt.Tests")]
