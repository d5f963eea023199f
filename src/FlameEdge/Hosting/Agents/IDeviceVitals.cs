namespace FlameEdge.Hosting.Agents;

/// <summary>What can be read of the device and this process right now.</summary>
public interface IDeviceVitals
{
    /// <summary>Reads the figures; those the device does not tell are null.</summary>
    DeviceVitals Measure();
}

/// <summary>Figures of the moment.</summary>
/// <param name="MemoryBytes">Memory the process has resident.</param>
/// <param name="Processor">Share of all cores the process used since it was last asked, in [0, 1].</param>
/// <param name="TemperatureCelsius">The processor's temperature.</param>
public readonly record struct DeviceVitals(long? MemoryBytes, double? Processor, double? TemperatureCelsius);
