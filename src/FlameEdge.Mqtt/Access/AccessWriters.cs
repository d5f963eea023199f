namespace FlameEdge.Mqtt.Access;

/// <summary>The products whose words are known.</summary>
public static class AccessWriters
{
    /// <summary>All of them, by name.</summary>
    public static IReadOnlyDictionary<string, IAccessWriter> All { get; } =
        new IAccessWriter[] { new EmbeddedAccess(), new EmqxAccess(), new HiveMqAccess(), new MosquittoAccess(), new DynamicSecurityAccess(), new NatsAccess(), new RabbitMqAccess() }
            .ToDictionary(writer => writer.Product, StringComparer.Ordinal);
}
