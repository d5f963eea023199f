using FlameEdge.Collaborative.Boosting;
using FlameEdge.Collaborative.Directory;
using FlameEdge.Collaborative.Messages;
using FlameEdge.Diagnostics;

namespace FlameEdge.Tests.Collaborative;

public class MessageTests
{
    private static readonly SiteRecord s_record = new()
    {
        Site = "site_1", Incarnation = 3, ModelHash = 11, Lineage = 12, InputContract = 13, Batches = 14, Link = 1, IsWilling = true, Classes = [ClassRecord.Of(1, 40, 0.5), ClassRecord.Of(2, 80, 1)],
    };

    private static readonly KnowledgeRequest s_request = new()
    {
        Number = 5, Target = "site_0", Classes = [new(1, 3), new(2, 1)], WantsModel = true, Counts = new Dictionary<ulong, double> { [1] = 3, [9] = 70_000 }, InputContract = 6, Lineage = 7, AveragingFactor = 2,
        BudgetBytes = 4096, Excluded = ["site_2"],
    };

    private static readonly RankedHelper[] s_helpers = [new("site_1", [1, 2], 0.5), new("site_4", [2], 0.25)];
    private static readonly Verdict s_verdict = new("site_0", "site_1", 1, 2, Refusal.Harmful, -3.5);

    [Fact]
    public void What_is_written_is_read_back()
    {
        Assert.Equivalent(s_record, RecordMessage.Read(RecordMessage.Write(s_record), "site_1", 3), strict: true);
        Assert.Equivalent(s_request, RequestMessage.Read(RequestMessage.Write(s_request), "site_0"), strict: true);
        var (number, helpers) = RankingMessage.Read(RankingMessage.Write(5, s_helpers));
        Assert.Equal(5u, number);
        Assert.Equivalent(s_helpers, helpers, strict: true);
        Assert.Equal(s_verdict, JudgementMessage.Read(JudgementMessage.Write(s_verdict), "site_0"));
        Assert.Null(JudgementMessage.Read(JudgementMessage.Write(s_verdict with { Refusal = null }), "site_0").Refusal);
    }

    [Fact]
    public void Messages_are_as_small_as_the_protocol_says()
    {
        Assert.Equal(28 + (2 * 10), RecordMessage.Write(s_record).Length);
        Assert.Equal(26 + (2 * 12) + (2 * 12) + 7, RequestMessage.Write(s_request).Length);
        Assert.Equal(6 + 7 + 5 + 16 + 7 + 5 + 8, RankingMessage.Write(5, s_helpers).Length);
        Assert.Equal(23 + 6, JudgementMessage.Write(s_verdict).Length);
    }

    [Fact]
    public void Whatever_is_cut_off_changed_or_made_up_is_refused_and_nothing_else_happens()
    {
        (byte[] Bytes, Action<byte[]> Read)[] kinds =
        [
            (RecordMessage.Write(s_record), bytes => RecordMessage.Read(bytes, "site_1", 1)),
            (RequestMessage.Write(s_request), bytes => RequestMessage.Read(bytes, "site_0")),
            (RankingMessage.Write(5, s_helpers), bytes => RankingMessage.Read(bytes)),
            (JudgementMessage.Write(s_verdict), bytes => JudgementMessage.Read(bytes, "site_0")),
        ];
        var random = new Random(1);
        foreach (var (bytes, read) in kinds)
        {
            for (var length = 0; length < bytes.Length; length++)
            {
                Assert.Throws<PayloadException>(() => read(bytes[..length]));
            }

            Assert.Throws<PayloadException>(() => read([.. bytes, 0]));
            for (var change = 0; change < 2000; change++)
            {
                var changed = bytes.ToArray();
                changed[random.Next(changed.Length)] = (byte)random.Next(256);
                changed[random.Next(changed.Length)] = (byte)random.Next(256);
                try
                {
                    read(changed);
                }
                catch (PayloadException)
                {
                    // As it should be; any other exception fails the test.
                }
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void A_weight_that_is_none_is_refused(float weight) =>
        Assert.Throws<PayloadException>(() => RequestMessage.Read(RequestMessage.Write(s_request with { Classes = [new(1, weight)] }), "site_0"));
}
