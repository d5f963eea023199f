using System.Buffers;
using FlameEdge.Channels;
using FlameEdge.Collaborative.Directory;
using FlameEdge.Collaborative.Messages;
using FlameEdge.Tasklets;
using FlameEdge.Topology;

namespace FlameEdge.Collaborative.Roles;

/// <summary>What a site sends: each message with the batch it belongs to, handed to the courier for as long as the job has patience.</summary>
internal sealed class Outbox(RoleContext context) : IAsyncDisposable
{
    private readonly Courier courier = new(context.Time, context.Logger);

    /// <summary>Sends a message about a batch; -1 for none in particular.</summary>
    public void Send(IChannel channel, WorkerId to, MessageKind kind, ReadOnlyMemory<byte> head, long batch = -1, ReadOnlyMemory<byte> body = default) =>
        courier.Post(channel, to, new Message { Kind = kind, Round = (int)(batch + 1), Head = head, Body = new ReadOnlySequence<byte>(body) }, context.Job.Rounds.Patience);

    /// <summary>Says again what a worker that has come back has forgotten.</summary>
    public void Repeat(IChannel channel, WorkerId to, MessageKind kind, IEnumerable<(KnowledgeRequest Request, long Batch)> forgotten)
    {
        foreach (var (request, batch) in forgotten)
        {
            Send(channel, to, kind, RequestMessage.Write(request), batch);
        }
    }

    /// <summary>Waits until everything has been handed over or given up, at most so long.</summary>
    public Task FinishAsync(TimeSpan bound) => courier.FinishAsync(bound);

    public ValueTask DisposeAsync() => courier.DisposeAsync();
}
