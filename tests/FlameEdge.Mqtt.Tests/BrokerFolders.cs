using FlameEdge.Testing;

namespace FlameEdge.Mqtt.Tests;

/// <summary>What <c>brokers/</c> ships.</summary>
internal static class BrokerFolders
{
    /// <summary>The profile measured with a broker.</summary>
    public static string ProfileOf(string broker) => Path.Combine(SharedData.RepositoryRoot, "brokers", broker, "profile.json");
}
