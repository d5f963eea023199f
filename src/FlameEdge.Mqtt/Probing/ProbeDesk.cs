using MQTTnet.Formatter;

namespace FlameEdge.Mqtt.Probing;

/// <summary>What the parts of a probe share: as whom and under which topics it acts, and its clients.</summary>
/// <param name="options">The broker.</param>
/// <param name="name">The user; client ids are this name, an underscore and a number, as the rights of every user allow.</param>
internal sealed class ProbeDesk(MqttOptions options, string name)
{
    /// <summary>What does not come within this does not come.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private int clients;

    public string Name => name;

    /// <summary>All its topics lie below this one.</summary>
    public string Root { get; } = $"{options.Prefix}/fleet/{name}/probe";

    /// <summary>The same for every agent of the fleet, which a wildcard stands for.</summary>
    public string AnyRoot { get; } = $"{options.Prefix}/fleet/+/probe";

    public MqttProtocolVersion Version { get; set; } = MqttProtocolVersion.V500;

    public bool IsNew => Version == MqttProtocolVersion.V500;

    /// <summary>A client that nobody knows yet, without a session.</summary>
    public Task<ProbeClient> NextAsync(CancellationToken cancellationToken) => ConnectAsync($"{name}_{++clients}", will: null, isLasting: false, TimeSpan.Zero, cancellationToken);

    /// <summary>A client with a session under an id of its own, and where one is named with a last will, which the broker may hold back.</summary>
    public Task<ProbeClient> LastingAsync(string id, string? will, TimeSpan willDelay, CancellationToken cancellationToken) => ConnectAsync($"{name}_{id}", will, isLasting: true, willDelay, cancellationToken);

    /// <summary>Takes such a client's session away again.</summary>
    public async Task ForgetAsync(string id, CancellationToken cancellationToken)
    {
        await using var last = await ConnectAsync($"{name}_{id}", will: null, isLasting: false, TimeSpan.Zero, cancellationToken);
    }

    private Task<ProbeClient> ConnectAsync(string id, string? will, bool isLasting, TimeSpan willDelay, CancellationToken cancellationToken) =>
        ProbeClient.ConnectAsync(options, name, id, Version, will, isLasting, willDelay, cancellationToken);
}
