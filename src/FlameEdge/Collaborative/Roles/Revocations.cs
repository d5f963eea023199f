using FlameEdge.Channels;
using FlameEdge.Collaborative.Messages;
using FlameEdge.Diagnostics;
using FlameEdge.Topology;

namespace FlameEdge.Collaborative.Roles;

/// <summary>Takes back what was cut from a model, here and at those to whom something of it may have gone: who has it from here believes this word.</summary>
/// <param name="site">Who believes or not.</param>
/// <param name="story">Told of it.</param>
/// <param name="outbox">Sends.</param>
/// <param name="packets">To all other sites.</param>
/// <param name="keep">Makes the site's memory durable: nobody hears of what a restart might forget.</param>
internal sealed class Revocations(ISite site, Story story, Outbox outbox, IChannel packets, Func<CancellationToken, Task> keep)
{
    /// <summary>Believes a model no longer, and tells all sites; nothing where it is known.</summary>
    public async Task RevokeAsync(ulong source, string by, long batch, CancellationToken cancellationToken)
    {
        if (site.Revoked.Contains(source))
        {
            return;
        }

        site.Revoke(source);
        await keep(cancellationToken);
        story.Revoked(batch, source, by);
        foreach (var peer in packets.Peers)
        {
            TakeBack(peer.Worker, source);
        }
    }

    /// <summary>Whoever gave something may take it back; whoever passed it on passes this on too, so that every descendant hears of it from a giver of its own.</summary>
    /// <exception cref="PayloadException">The message is none.</exception>
    public async Task HearAsync(WorkerId giver, ReadOnlyMemory<byte> head, long batch, CancellationToken cancellationToken)
    {
        var source = Source(head.Span);
        if (site.Descends(source, giver.Value))
        {
            await RevokeAsync(source, giver.Value, batch, cancellationToken);
        }
    }

    /// <summary>Tells a site that has just come.</summary>
    public void Greet(WorkerId worker)
    {
        foreach (var source in site.Revoked)
        {
            TakeBack(worker, source);
        }
    }

    private void TakeBack(WorkerId from, ulong source) => outbox.Send(packets, from, MessageKind.Revoke, new WireWriter().Long(source).Bytes);

    private static ulong Source(ReadOnlySpan<byte> head)
    {
        var reader = new WireReader(head, "revocation");
        var source = reader.Long();
        reader.End();
        return source;
    }
}
