using System.Buffers;
using FlameEdge.Channels;
using FlameEdge.Channels.Presence;
using FlameEdge.Topology;

namespace FlameEdge.Mqtt.Direct;

/// <summary>Sends a channel's packets to the agents of their addressees, each agent once.</summary>
internal sealed class DirectSender(MqttSession session, ChannelEndpoint endpoint, PresenceTable presence, Func<IReadOnlyList<Peer>> peers)
{
    private static readonly WorkerId?[] Everybody = [null];

    /// <summary>Sends; those whom only the broker reaches are left over (null: all of the role).</summary>
    public IReadOnlyList<WorkerId?> Send(WorkerId? to, ReadOnlySequence<byte> packet, bool isBulk)
    {
        IReadOnlyList<WorkerId> addressees = to is { } one ? [one] : [.. peers().Select(peer => peer.Worker)];
        List<WorkerId?> left = [];
        SharedPacket? copy = null;
        foreach (var agent in addressees.GroupBy(worker => endpoint.Placement.GetValueOrDefault(worker)))
        {
            if (agent.Key == session.Agent)
            {
                session.TakeDirect(Topic(to), packet);
                continue;
            }

            if (agent.Select(presence.NoteOf).FirstOrDefault(note => note is not null) is not { } note)
            {
                left.AddRange(agent.Select(worker => (WorkerId?)worker));
                continue;
            }

            // Where so much waits already that it is dropped, its receivers will ask for it.
            copy ??= session.Direct.Copy(packet, isBulk);
            if (copy is not null && !session.Direct.TrySend(agent.Key, note, new QueuedPacket(session.Topics.Data(endpoint, to), [.. agent.Select(worker => session.Topics.Data(endpoint, worker))], copy, isBulk)))
            {
                left.AddRange(agent.Select(worker => (WorkerId?)worker));
            }
        }

        copy?.Release();
        return to is null && left.Count > 1 && left.Count == addressees.Count ? Everybody : left;
    }

    private DataTopic Topic(WorkerId? to) => new(endpoint.Job, endpoint.Channel, endpoint.Group, endpoint.Agent, endpoint.Self, to?.Value ?? endpoint.OtherRole.Value);
}
