using FlameEdge.Collaborative.Packets;

namespace FlameEdge.Collaborative.Boosting;

/// <summary>Puts refreshes into the specialists that they change, where these are still as their helper knows them and are no worse for it (our design).</summary>
internal sealed class RefreshIntake(SiteSetup setup, CanoeSettings settings, Ensemble ensemble, ExampleStore replay, Func<ulong, bool> isRevoked, TimeProvider clock)
{
    private const int MostWaiting = 16;
    private readonly ulong[] labelIds = [.. setup.Classes.Select(SiteSetup.LabelId)];
    private readonly Queue<(RefreshPacket Packet, string Helper, ulong Content)> waiting = [];

    /// <summary>Takes a refresh; it is looked at in the next batch. More than 16 at a time push out the oldest.</summary>
    public void Deliver(RefreshPacket packet, string helper, ulong content)
    {
        waiting.Enqueue((packet, helper, content));
        if (waiting.Count > MostWaiting)
        {
            waiting.Dequeue();
        }
    }

    /// <summary>Hash of what is held of a class as it was sent; 0 for nothing.</summary>
    public ulong Held(int label) => ensemble.Of(label).FirstOrDefault() is { } stage ? SentKnowledge.HashOf(stage.Arrived.Parameters) : 0;

    /// <summary>Judges what has arrived.</summary>
    public IReadOnlyList<Verdict> Install()
    {
        List<Verdict> verdicts = [];
        while (waiting.TryDequeue(out var arrived))
        {
            foreach (var refresh in arrived.Packet.Classes)
            {
                verdicts.Add(new Verdict(setup.Name, arrived.Helper, refresh.LabelId, arrived.Content, Admit(arrived.Packet, refresh, arrived.Helper, arrived.Content), 0));
            }
        }

        return verdicts;
    }

    private Refusal? Admit(RefreshPacket packet, ClassRefresh refresh, string helper, ulong content)
    {
        if (packet.InputContract != setup.InputContract)
        {
            return Refusal.OtherInput;
        }

        if (packet.Expires < clock.GetUtcNow())
        {
            return Refusal.Expired;
        }

        var label = Array.IndexOf(labelIds, refresh.LabelId);
        if (label < 0 || ensemble.Of(label).FirstOrDefault(stage => SentKnowledge.HashOf(stage.Arrived.Parameters) == refresh.Base) is not { } held || held.Network.Parameters.Length != refresh.Change.Length)
        {
            return Refusal.BrokenChain;
        }

        // What was cut from a revoked model stays of it, however often it is refreshed.
        if (isRevoked(held.Origin.ModelHash) || isRevoked(packet.ModelHash))
        {
            return Refusal.Revoked;
        }

        var changed = held.Refreshed(refresh.Change, held.Origin with { Helper = helper, Content = content });
        var others = replay.Classes.Where(other => other != label).SelectMany(replay.Rows).ToList();
        var refusal = settings.IsGated ? AcceptanceGate.Judge(changed, ensemble.Model, replay.Rows(label), others) : null;
        if (refusal is null)
        {
            ensemble.Remove(held);
            ensemble.Add(changed);
        }

        return refusal;
    }
}
