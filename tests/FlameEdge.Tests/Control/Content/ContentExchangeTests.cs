using System.Text;
using FlameEdge.Channels;
using FlameEdge.Channels.InMemory;
using FlameEdge.Control.Content;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Control.Content;

public class ContentExchangeTests
{
    private static readonly JobId Job = new("demo");
    private static readonly AgentId Controllers = new("controller");
    private static readonly AgentId Reader = new("reader");
    private static readonly byte[] Model = Encoding.UTF8.GetBytes("a model");

    private readonly MemoryChannelBackend backend = new(new MemoryHub());

    [Fact]
    public async Task Who_asks_before_it_is_known_is_answered_as_soon_as_it_is()
    {
        await using var keeper = await OpenAsync(ContentEndpoint.OfController(Job, Controllers, [], 1), Model);
        await using var reader = await OpenAsync(ContentEndpoint.OfAgent(Job, Reader, Controllers, 1), null);

        var fetched = reader.FetchAsync(ContentEndpoint.Controller, ContentExchange.HashOf(Model), TimeSpan.FromSeconds(4), CancellationToken.None);
        await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        Assert.False(fetched.IsCompleted);
        await keeper.Placed!.PlaceAsync(new Dictionary<WorkerId, AgentId> { [ContentEndpoint.WorkerOf(Reader)] = Reader }, CancellationToken.None);

        Assert.Equal(Model, await fetched);
    }

    private async Task<ContentExchange> OpenAsync(ChannelEndpoint end, byte[]? content)
    {
        var exchange = new ContentExchange(await backend.OpenAsync(end, CancellationToken.None), TimeProvider.System, (_, _) => new(content is null ? null : (ReadOnlyMemory<byte>?)content));
        await exchange.JoinAsync(CancellationToken.None);
        return exchange;
    }
}
