using System.Globalization;
using FlameEdge.Collaborative.Boosting;
using FlameEdge.Collaborative.Directory;
using FlameEdge.Tasklets;

namespace FlameEdge.Collaborative.Roles;

/// <summary>Tells what happens at a worker: JSON for the job's event topic and the worker's record, a line for the terminal.</summary>
internal sealed class Story(RoleContext context, IReadOnlyList<string> classes)
{
    private readonly Dictionary<ulong, string> names = classes.ToDictionary(SiteSetup.LabelId, name => name);
    private readonly Dictionary<string, long> refused = new(StringComparer.Ordinal);
    private readonly string self = context.Worker.Id.Value;

    /// <summary>Alarms in a row are one piece of news; the worker's own record has them all.</summary>
    public void Drift(long batch, bool isNews) => Tell(Event("drift", batch), isNews ? "its world changes" : null, isNews);

    public void Request(long batch, uint number, KnowledgeRequest request) => Tell(
        Event("request", batch) with { Request = number, Classes = Names(request.Classes.Select(demand => demand.LabelId)), WholeModel = request.WantsModel ? true : null },
        request.WantsModel ? "asks for a whole model" : $"asks for {string.Join(", ", Names(request.Classes.Select(demand => demand.LabelId)))}");

    public void Ranking(long batch, uint number, string target, IReadOnlyList<RankedHelper> helpers) => Tell(
        Event("ranking", batch) with { Request = number, Peer = target, Helpers = [.. helpers.Select(helper => new Offer(helper.Site, Math.Round(helper.Score, 3), Names(helper.Classes)))] },
        helpers.Count == 0 ? $"nobody can help {target} yet" : $"{string.Join(", ", helpers.Select(helper => helper.Site))} can help {target}");

    public void Sent(long batch, uint number, string target, int bytes, string? content) => Tell(
        Event("sent", batch) with { Request = number, Peer = target, Bytes = bytes, Content = content },
        bytes == 0 ? $"cannot help {target}" : $"sends {target} {bytes} bytes");

    public void Received(long batch, uint number, string helper, int bytes, string content) => Tell(Event("received", batch) with { Request = number, Peer = helper, Bytes = bytes, Content = content }, null);

    public void Judged(long batch, Verdict verdict, ulong source) => Tell(
        Event("verdict", batch) with
        {
            Peer = verdict.Helper, Classes = Names([verdict.LabelId]), Content = Hex(verdict.Content), Source = source == 0 ? null : Hex(source),
            Accepted = verdict.IsAccepted, Reason = verdict.Refusal?.ToString(), Gain = Math.Round(verdict.Gain, 4),
        },
        verdict.IsAccepted ? $"uses what {verdict.Helper} knows of {Name(verdict.LabelId)}" : $"does not use what {verdict.Helper} sent for {Name(verdict.LabelId)}: {verdict.Refusal}");

    public void Recalled(long batch, IEnumerable<ulong> labels) => Tell(Event("recalled", batch) with { Classes = Names(labels) }, $"brings back {string.Join(", ", Names(labels))} without asking");

    public void Retired(long batch, ulong label, PacketOrigin origin) => Tell(
        Event("retired", batch) with { Classes = Names([label]), Peer = origin.Helper, Content = Hex(origin.Content) }, $"knows {Name(label)} by itself now");

    public void Revoked(long batch, ulong source, string by) => Tell(Event("revoked", batch) with { Source = Hex(source), Peer = by }, $"believes {Hex(source)} no longer, {by} has taken it back");

    /// <summary>Tells the first refused message of a peer, the tenth, the hundredth and so on: who floods us must not make us flood others.</summary>
    public void Refused(long batch, string peer, string why)
    {
        var count = refused[peer] = refused.GetValueOrDefault(peer) + 1;
        if (Math.Log10(count) % 1 == 0)
        {
            Tell(Event("refused", batch) with { Peer = peer, Reason = why, Count = count }, $"refuses a message of {peer} ({count} so far): {why}");
        }
    }

    /// <summary>Tells that a run is no longer in step, and so need not decide what a run in memory decides.</summary>
    public void OutOfStep(long batch, string why) => Tell(Event("outOfStep", batch) with { Reason = why }, $"is out of step: {why}");

    public void Restored(long batch, IEnumerable<ulong> served) => Tell(Event("restored", batch) with { Classes = Names(served) }, $"goes on at batch {batch}");

    /// <summary>Only for the worker's own record: from here on its stream counts.</summary>
    public void Warm() => Tell(Event("warm", 0), null, isForAll: false);

    /// <summary>Only for the worker's own record: a figure a batch is no news for a broker.</summary>
    public void Score(long batch, SiteScore score) => Tell(Event("score", batch) with { Accuracy = score.Accuracy, Error = score.Error }, null, isForAll: false);

    public void Done(long batch) => Tell(Event("done", batch), $"has come to the end of its stream after {batch} batches");

    public static string Hex(ulong hash) => hash.ToString("x16", CultureInfo.InvariantCulture);

    private CanoeEvent Event(string kind, long batch) => new() { Event = kind, Site = self, Batch = batch };

    private string[] Names(IEnumerable<ulong> labels) => [.. labels.Select(Name)];

    private string Name(ulong label) => names.GetValueOrDefault(label) ?? Hex(label);

    private void Tell(CanoeEvent happened, string? line, bool isForAll = true)
    {
        context.Observer.Happened(context.Worker.Id, new JobEvent(happened.ToJson(), isForAll));
        if (line is not null)
        {
            context.Observer.Say(context.Worker.Id, line);
        }
    }
}
