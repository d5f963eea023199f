using FlameEdge.Collaborative.Directory;

namespace FlameEdge.Collaborative.Roles;

/// <summary>A target's requests that are under way: whom the directory named, who was asked for what, and what has come back. Only the worker that was asked can answer.</summary>
internal sealed class Errands(TimeProvider time)
{
    private const int MostOpen = 16;
    private static readonly TimeSpan s_courtesy = TimeSpan.FromSeconds(10);
    private readonly List<Errand> open = [];
    private uint last;

    /// <summary>The number before the first that is given.</summary>
    public uint Last
    {
        init => last = value;
    }

    /// <summary>True where the same was asked less than ten seconds ago and has not been answered: a site that learns fast must not besiege helpers that need a moment.</summary>
    public bool IsUnderWay(KnowledgeRequest request) => open.Exists(errand =>
        !errand.IsComplete && time.GetElapsedTime(errand.Since) < s_courtesy && errand.Request.WantsModel == request.WantsModel
        && errand.Request.Classes.Select(demand => demand.LabelId).SequenceEqual(request.Classes.Select(demand => demand.LabelId)) && errand.Request.Excluded.SequenceEqual(request.Excluded));

    /// <summary>Begins an errand; the request with its number. Of too many the oldest is forgotten.</summary>
    public KnowledgeRequest Begin(KnowledgeRequest request, long batch)
    {
        if (open.Count >= MostOpen)
        {
            open.RemoveAt(0);
        }

        var numbered = request with { Number = ++last };
        open.Add(new Errand(numbered, batch, time.GetTimestamp()));
        return numbered;
    }

    /// <summary>Requests, or what is left of them, that no directory has an answer for yet: one that has come back has forgotten them.</summary>
    public IReadOnlyList<(KnowledgeRequest Request, long Batch)> Unanswered => [.. open.Where(errand => !errand.IsRanked || errand.IsStanding).Select(errand => (errand.Unhelped, errand.Batch))];

    /// <summary>What <paramref name="helper"/> was asked for and has not answered: one that has come back has forgotten it.</summary>
    public IReadOnlyList<(KnowledgeRequest Request, long Batch)> Owed(string helper) =>
        [.. open.SelectMany(errand => errand.Parts.Where(part => part.Helper == helper && !part.IsAnswered).Select(part => (part.Request, errand.Batch)))];

    /// <summary>The directory has named helpers: the parts that each is to be asked for, in order. Nothing where the request is unknown, or was answered before.</summary>
    public IReadOnlyList<Part> Rank(uint number, IReadOnlyList<RankedHelper> helpers)
    {
        if (open.Find(errand => errand.Number == number) is not { } errand || (errand.IsRanked && !errand.IsStanding))
        {
            return [];
        }

        var parts = Split(errand.Unhelped, helpers);
        errand.Parts = [.. errand.Parts.Where(part => part.Helper is not null), .. parts];
        return [.. parts.Where(part => part.Helper is not null)];
    }

    /// <summary>A helper has answered; empty where it cannot help. False where it was not asked for this.</summary>
    public bool Answer(uint number, string helper, ReadOnlyMemory<byte> packet)
    {
        var part = open.Find(errand => errand.Number == number)?.Parts.FirstOrDefault(part => part.Helper == helper && !part.IsAnswered);
        if (part is null)
        {
            return false;
        }

        (part.Packet, part.IsAnswered) = (packet, true);
        return true;
    }

    /// <summary>True where an errand begun at <paramref name="batch"/> or before is not at its end.</summary>
    public bool IsWaiting(long batch) => open.Exists(errand => errand.Batch <= batch && !errand.IsComplete);

    /// <summary>Takes what has come back for errands begun at <paramref name="batch"/> or before, in the order in which they were begun. A late answer is one all the same.</summary>
    public IReadOnlyList<Part> Take(long batch)
    {
        List<Part> taken = [];
        foreach (var errand in open.Where(errand => errand.Batch <= batch))
        {
            taken.AddRange(errand.Parts.Where(part => part.IsAnswered && !part.IsTaken));
            foreach (var part in errand.Parts)
            {
                part.IsTaken = part.IsAnswered;
            }
        }

        open.RemoveAll(errand => errand.Batch <= batch && !errand.IsStanding && errand.IsComplete);
        return taken;
    }

    private static List<Part> Split(KnowledgeRequest request, IReadOnlyList<RankedHelper> helpers)
    {
        if (request.WantsModel)
        {
            return helpers is [var best, ..] ? [new Part(best.Site, request)] : [];
        }

        return [.. request.Classes
            .GroupBy(demand => helpers.FirstOrDefault(helper => helper.Classes.Contains(demand.LabelId))?.Site)
            .Select(group => new Part(group.Key, request with { Classes = [.. group] }) { IsAnswered = group.Key is null })];
    }

    private sealed class Errand(KnowledgeRequest request, long batch, long since)
    {
        public uint Number => request.Number;

        public KnowledgeRequest Request => request;

        public long Batch => batch;

        public long Since => since;

        public bool IsRanked { get; private set; }

        public List<Part> Parts
        {
            get;
            set
            {
                field = value;
                IsRanked = true;
            }
        } = [];

        /// <summary>What nobody has been named for.</summary>
        public KnowledgeRequest Unhelped => IsRanked && !request.WantsModel ? request with { Classes = [.. Parts.Where(part => part.Helper is null).SelectMany(part => part.Request.Classes)] } : request;

        /// <summary>True where nobody could help with something: the directory may name somebody later.</summary>
        public bool IsStanding => Parts.Exists(part => part.Helper is null);

        public bool IsComplete => IsRanked && Parts.TrueForAll(part => part.IsAnswered);
    }
}

/// <summary>What one helper is asked for; no helper where nobody can help with it.</summary>
internal sealed class Part(string? helper, KnowledgeRequest request)
{
    public string? Helper => helper;

    public KnowledgeRequest Request => request;

    /// <summary>The helper's packet; empty where it has none.</summary>
    public ReadOnlyMemory<byte> Packet { get; set; }

    public bool IsAnswered { get; set; }

    public bool IsTaken { get; set; }
}
