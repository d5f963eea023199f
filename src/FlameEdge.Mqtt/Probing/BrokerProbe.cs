using FlameEdge.Diagnostics;
using FlameEdge.Topology.Reading;
using MQTTnet.Formatter;

namespace FlameEdge.Mqtt.Probing;

/// <summary>Finds out what a broker does by doing it: some ten megabytes and half a minute, under topics of its own, which it clears.</summary>
/// <remarks>It needs the right to write and read <c>{prefix}/fleet/{name}/probe/#</c>, which the operators of an access list have.</remarks>
public sealed class BrokerProbe
{
    /// <summary>Subscriptions tried in one session.</summary>
    public const int ManySubscriptions = 200;

    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(150);

    private readonly MqttOptions options;
    private readonly ProbeDesk desk;

    private BrokerProbe(MqttOptions options, string name)
    {
        this.options = options;
        desk = new ProbeDesk(options, name);
    }

    /// <summary>Probes a broker; takes up to two and a half minutes.</summary>
    /// <param name="options">The broker.</param>
    /// <param name="name">As whom: the user's name where the broker knows users; null for one of its own.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ChannelException">It cannot be reached, refuses us, gives no right to probe, or stops answering.</exception>
    public static async Task<BrokerFindings> RunAsync(MqttOptions options, string? name, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        var user = name ?? options.User ?? $"probe-{Guid.NewGuid():n}"[..18];
        if (!SafeName.IsSafe(user))
        {
            throw new ChannelException($"'{user}' cannot be a topic level: name the probe with --name, 1 to {SafeName.MaxLength} of a-z, 0-9 and dashes");
        }

        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(Bound);
        try
        {
            return await new BrokerProbe(options, user).MeasureAsync(bound.Token);
        }
        catch (Exception exception) when (exception is MqttRefusedException or CredentialsException)
        {
            throw ConnectFault.Refused(exception, user, options);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && MqttLink.IsConnectionTrouble(exception))
        {
            throw ConnectFault.Unreachable(exception, options);
        }
    }

    private async Task<BrokerFindings> MeasureAsync(CancellationToken cancellationToken)
    {
        await using var sender = await FirstAsync(cancellationToken);
        await RequireRightsAsync(sender, cancellationToken);
        var (retained, sessions, subscriptions, flow) = (new RetainedProbe(desk, sender), new SessionProbe(desk, sender), new SubscriptionProbe(desk, sender), new FlowProbe(desk, sender));
        var answer = sender.Connection.Answer!; // It is connected.
        int? announced = answer.MaximumPacketSize is > 0 and < int.MaxValue and var bytes ? (int)bytes : null;
        var byTopic = await retained.ByTopicAsync(cancellationToken);
        var byWildcard = await retained.ByWildcardAsync(cancellationToken);
        var afterReconnect = await retained.AfterReconnectAsync(cancellationToken);
        await retained.ClearAsync();
        var count = await subscriptions.CountAsync(ManySubscriptions, cancellationToken);
        var throughput = await flow.ThroughputAsync(cancellationToken);
        var (largest, isLimit) = await flow.LargestAsync(announced, throughput, cancellationToken);
        return new BrokerFindings
        {
            Protocol = desk.IsNew ? "5" : "3.1.1",
            MaximumPacketBytes = isLimit ? largest : announced,
            Window = answer.ReceiveMaximum is > 0 and < ushort.MaxValue and var window ? window : null,
            ExactRetained = byTopic && !byWildcard,
            FewSubscriptions = count < ManySubscriptions,
            Subscriptions = count,
            GrantedQos = await subscriptions.GrantedAsync(cancellationToken),
            LargestPacketBytes = largest,
            RetainedByTopic = byTopic,
            RetainedByWildcard = byWildcard,
            RetainedAfterReconnect = afterReconnect,
            ExpiresMessages = await retained.ExpiresAsync(cancellationToken),
            ResumesSessions = await sessions.ResumesAsync(cancellationToken),
            SpeaksWills = await sessions.SpeaksWillsAsync(cancellationToken),
            DelaysWills = await sessions.DelaysWillsAsync(cancellationToken),
            SharesSubscriptions = await subscriptions.SharesAsync(cancellationToken),
            RoundTripMilliseconds = Math.Round((await flow.RoundTripAsync(cancellationToken)).TotalMilliseconds, 2),
            MegabytesPerSecond = Math.Round(throughput / 1e6, 1),
        };
    }

    private async Task<ProbeClient> FirstAsync(CancellationToken cancellationToken)
    {
        desk.Version = options.Protocol == "3.1.1" ? MqttProtocolVersion.V311 : MqttProtocolVersion.V500;
        try
        {
            return await desk.NextAsync(cancellationToken);
        }
        catch (Exception failure) when (ProtocolChoice.MayBeOfVersion(failure, options.Protocol, desk.Version))
        {
            desk.Version = MqttProtocolVersion.V311;
            return await desk.NextAsync(cancellationToken);
        }
    }

    /// <summary>Brokers acknowledge what they refuse: only what comes back was allowed.</summary>
    private async Task RequireRightsAsync(ProbeClient sender, CancellationToken cancellationToken)
    {
        Exception? refusal = null;
        try
        {
            await sender.SubscribeAsync($"{desk.Root}/rights", cancellationToken);
            await sender.PublishAsync($"{desk.Root}/rights", "mine");
            if (await sender.HasAsync($"{desk.Root}/rights", 1, ProbeDesk.Patience, cancellationToken))
            {
                return;
            }
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && MqttLink.IsConnectionTrouble(exception))
        {
            refusal = exception;
        }

        throw new ChannelException(
            $"the broker at {options.Host}:{options.Port} does not let '{desk.Name}' write and read {desk.Root}/#: probe as an operator of its access list (--name), whom 'flame-edge topology acl' gives this right", refusal)
        {
            Fault = ChannelFault.BrokerUnreachable,
        };
    }
}
