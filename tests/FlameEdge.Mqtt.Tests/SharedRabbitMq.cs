using FlameEdge.Mqtt.Access;
using FlameEdge.Mqtt.Tests.Security;
using FlameEdge.Testing.Channels;

namespace FlameEdge.Mqtt.Tests;

/// <summary>A RabbitMQ for all tests that need one: it takes seconds to start. It lets anybody in without TLS, and whoever shows a certificate as its user.</summary>
[CollectionDefinition(nameof(SharedRabbitMq))]
public sealed class SharedRabbitMq : IAsyncLifetime, ICollectionFixture<SharedRabbitMq>
{
    internal RabbitMq? Node { get; private set; }

    internal TestIdentities Identities { get; } = new();

    public async ValueTask InitializeAsync() => Node = await RabbitMq.StartAsync(Identities.Broker);

    public async ValueTask DisposeAsync()
    {
        await (Node?.DisposeAsync() ?? ValueTask.CompletedTask);
        Identities.Dispose();
    }

    /// <summary>Gives rights as the node's administrator.</summary>
    internal async Task<IReadOnlyList<string>> ApplyAsync(AccessList rules, string password = "guest")
    {
        await File.WriteAllTextAsync(Identities["password"], password);
        var options = new MqttOptions { Broker = new Uri($"http://127.0.0.1:{Node!.ManagementPort}"), PasswordFile = Identities["password"] }; // Started before any test.
        return await RabbitMqManagement.ApplyAsync(options, "guest", rules, CancellationToken.None);
    }
}
