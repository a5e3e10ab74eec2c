<?php
/**
 * Plugin Name:       Ring for WooCommerce
 * Description:       Remembers which shared link a buyer came by, and reports orders to your portal.
 * Version:           1.2.0
 * Requires at least: 6.2
 * Requires PHP:      7.4
 * Requires Plugins:  woocommerce
 * License:           MIT
 * Text Domain:       ring-woocommerce
 *
 * One order is reported as its whole present state, so nothing depends on the order in which reports arrive, and a
 * report that is sent twice changes nothing. What fails is sent again by the shop's own queue.
 */

defined( 'ABSPATH' ) || exit;

const RING_OPTION  = 'ring_settings';
const RING_STATE   = 'ring_state';
const RING_HOOK    = 'ring_send_order';
const RING_GROUP   = 'ring';
const RING_META    = array( 'ring_ref' => '_ring_ref', 'ring_via' => '_ring_via' );
const RING_FORMS   = array( 'ring_ref' => '/^[A-Za-z0-9][A-Za-z0-9-]{1,22}[A-Za-z0-9]$/', 'ring_via' => '/^[A-Za-z0-9_-]{1,32}$/' );
const RING_DRAFTS  = array( 'checkout-draft', 'auto-draft', 'draft' );
const RING_GONE    = array( 'cancelled', 'trash' );
const RING_DELAYS  = array( 60, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400 );
const RING_TIMEOUT = 15;

/* ------------------------------------------------------------------ from an order of the REST API to a snapshot */

/**
 * Return the snapshot of an order, null for what no buyer has ordered.
 *
 * The order and its refunds have the form of WooCommerce's REST API. The rules are those of the portal's own reading:
 * paid is what has a payment date, refunds are those that exist now, and lines are after discounts and before tax.
 */
function ring_snapshot( array $order, array $refunds ): ?array {
	if ( in_array( $order['status'], RING_DRAFTS, true ) || ! empty( $order['parent_id'] ) ) {
		return null;
	}
	$paid_at = ring_time( $order, 'date_paid' );
	$status  = $paid_at ? 'paid' : 'open';
	$code    = ring_meta( $order, array( 'ring_ref', '_ring_ref' ), 200 );
	$email   = $order['billing']['email'] ?? '';

	list( $lines, $extra ) = ring_parts( $order );
	return array(
		'externalId'   => (string) $order['id'],
		'number'       => ring_cut( (string) ( $order['number'] ?? $order['id'] ), 200 ),
		'version'      => 1000 * strtotime( (string) ring_time( $order, 'date_modified' ) ),
		'createdAt'    => ring_time( $order, 'date_created' ),
		'currency'     => $order['currency'],
		'status'       => in_array( $order['status'], RING_GONE, true ) ? 'cancelled' : $status,
		'paidAt'       => $paid_at,
		'paidAmount'   => $paid_at ? ring_cost( ring_sum( array( $order['total'] ) ) ) : '0',
		'referralCode' => $code,
		'codeSource'   => null === $code ? null : 'cookie',
		'couponCodes'  => array_map(
			static function ( array $coupon ): string {
				return ring_cut( (string) $coupon['code'], 200 );
			},
			array_slice( $order['coupon_lines'] ?? array(), 0, 20 )
		),
		'linkLabel'    => ring_meta( $order, array( 'ring_via', '_ring_via' ), 32 ),
		'customer'     => array(
			'externalId' => empty( $order['customer_id'] ) ? null : (string) $order['customer_id'],
			'email'      => '' === $email ? null : $email,
		),
		'lines'        => $lines,
		'shipping'     => $extra,
		'refunds'      => ring_refunds( $order['refunds'] ?? array(), $refunds, array_values( $order['line_items'] ) ),
	);
}

/** Return a line of goods: what was paid for it, and the tax beside. */
function ring_line( array $line ): array {
	return array(
		'externalId' => (string) $line['id'],
		'sku'        => ring_cut( (string) ( $line['sku'] ?? '' ), 200 ),
		'name'       => ring_cut( (string) ( $line['name'] ?? '' ), 500 ),
		'quantity'   => max( 1, (int) $line['quantity'] ),
		'amount'     => ring_sum( array( $line['total'] ) ),
		'tax'        => ring_sum( array( $line['total_tax'] ) ),
	);
}

/**
 * Return the goods, and what was paid beside them, shipping and fees with their taxes; together the order's total.
 *
 * A negative fee is a discount on the goods, and what exceeds them on the rest.
 */
function ring_parts( array $order ): array {
	$goods    = array_map( 'ring_line', array_values( $order['line_items'] ) );
	$gross    = ring_sum( array_merge( array_column( $goods, 'amount' ), array_column( $goods, 'tax' ) ) );
	$fees     = ring_grosses( $order['fee_lines'] ?? array() );
	$shipping = ring_grosses( $order['shipping_lines'] ?? array() );
	$extra    = ring_sum( array_merge( array_map( 'ring_cost', $fees ), $shipping ) );
	$discount = ring_sum( array_map( 'ring_cost', array_map( 'ring_negated', $fees ) ) );
	$rest     = ring_sum( array( $order['total'], $discount, ring_negated( $gross ), ring_negated( $extra ) ) );
	$rounding = ring_rounding( $order['total'], $rest, count( $goods ), count( $fees ) + count( $shipping ) );
	$extra    = ring_sum( array( $extra, $rounding ) );
	$discount = ring_sum( array( $discount, ring_cost( ring_negated( $extra ) ) ) );
	$beyond   = ring_cost( ring_sum( array( $discount, ring_negated( $gross ) ) ) );
	return array( ring_take_off( $goods, $discount ), ring_cost( ring_sum( array( $extra, ring_negated( $beyond ) ) ) ) );
}

/**
 * Return by how much a total differs from its parts because the shop rounds each of them, else 0.
 *
 * A shop that shows whole hryvnias rounds every line and the total to hryvnias. A kopeck for each line of goods may stay.
 */
function ring_rounding( string $total, string $difference, int $goods, int $others ): string {
	$of_total = ring_digits( array( $total ) );
	$digits   = max( 2, $of_total, ring_digits( array( $difference ) ) );
	$unit     = 10 ** ( $digits - $of_total );
	$off      = abs( ring_units( $difference, $digits ) );
	$is_more  = $off > $goods * min( $unit, 10 ** ( $digits - 2 ) );
	return $is_more && $off <= ( $goods + $others + 1 ) * $unit ? $difference : '0';
}

/** Return an amount, 0 for one below. */
function ring_cost( string $amount ): string {
	return '-' === substr( $amount, 0, 1 ) ? '0' : $amount;
}

/** Return the lines reduced by a discount that was booked as a negative fee, in proportion of their amounts. */
function ring_take_off( array $lines, string $discount ): array {
	if ( (float) $discount <= 0 ) {
		return $lines;
	}
	$digits = ring_digits( array_merge( array( $discount ), array_column( $lines, 'amount' ), array_column( $lines, 'tax' ) ) );
	$of     = 0;
	foreach ( $lines as $line ) {
		$of += ring_units( $line['amount'], $digits ) + ring_units( $line['tax'], $digits );
	}
	$left = min( ring_units( $discount, $digits ), $of );
	foreach ( $lines as $at => $line ) {
		$amount = ring_units( $line['amount'], $digits );
		$tax    = ring_units( $line['tax'], $digits );
		$gross  = $amount + $tax;
		$share  = $of ? intdiv( $left * $gross, $of ) : 0;
		$of_tax = $gross ? intdiv( $share * $tax, $gross ) : 0;
		$left  -= $share;
		$of    -= $gross;
		$lines[ $at ]['amount'] = ring_text( $amount - $share + $of_tax, $digits );
		$lines[ $at ]['tax']    = ring_text( $tax - $of_tax, $digits );
	}
	return $lines;
}

/** Return the refunds that exist now, with their lines where the shop has booked any. */
function ring_refunds( array $listed, array $detailed, array $goods ): array {
	$by_id = array_column( $detailed, null, 'id' );
	usort(
		$listed,
		static function ( array $one, array $other ): int {
			return $one['id'] <=> $other['id'];
		}
	);
	$refunds = array();
	foreach ( $listed as $refund ) {
		$amount = ring_negated( ring_sum( array( $refund['total'] ) ) );
		if ( (float) $amount <= 0 ) {
			continue; // Only puts goods back into stock.
		}
		$more   = $by_id[ $refund['id'] ] ?? array();
		$reason = ring_cut( (string) ( $refund['reason'] ?? '' ), 500 );
		$lines  = array();
		foreach ( $more['line_items'] ?? array() as $line ) {
			$taken    = ring_negated( ring_sum( array( $line['total'] ) ) );
			$refunded = ring_meta( $line, array( '_refunded_item_id' ), 200 );
			if ( null !== $refunded && (float) $taken > 0 ) {
				$lines[] = array( 'externalId' => $refunded, 'amount' => $taken );
			}
		}
		$refunds[] = array(
			'id'     => (string) $refund['id'],
			'amount' => $amount,
			'at'     => ring_time( $more, 'date_created' ),
			'reason' => '' === $reason ? null : $reason,
			'lines'  => $lines ? $lines : ring_no_goods( $more, $amount, $goods ),
		);
	}
	return $refunds;
}

/** Return that a refund of shipping and fees alone takes back nothing of the goods, nothing for any other refund. */
function ring_no_goods( array $refund, string $amount, array $goods ): array {
	$others = array_merge( ring_grosses( $refund['shipping_lines'] ?? array() ), ring_grosses( $refund['fee_lines'] ?? array() ) );
	if ( ! $goods || (float) ring_sum( array_merge( array( $amount ), $others ) ) > 0 ) {
		return array();
	}
	return array( array( 'externalId' => (string) $goods[0]['id'], 'amount' => '0' ) );
}

/** Return the first text among the meta data of an order or a line that has one of the names. */
function ring_meta( array $holder, array $names, int $at_most ): ?string {
	foreach ( $names as $name ) {
		foreach ( array_reverse( $holder['meta_data'] ?? array() ) as $entry ) {
			$entry = is_object( $entry ) && method_exists( $entry, 'get_data' ) ? $entry->get_data() : (array) $entry;
			if ( $name !== ( $entry['key'] ?? null ) ) {
				continue;
			}
			if ( is_string( $entry['value'] ) || is_int( $entry['value'] ) ) {
				$text = ring_cut( trim( (string) $entry['value'] ), $at_most );
				if ( '' !== $text ) {
					return $text;
				}
			}
			break;
		}
	}
	return null;
}

/** Return a time in UTC as ISO 8601, null if there is none. */
function ring_time( array $holder, string $name ): ?string {
	$time = $holder[ $name . '_gmt' ] ?? null;
	return $time ? $time . 'Z' : null;
}

function ring_cut( string $text, int $at_most ): string {
	if ( function_exists( 'mb_substr' ) ) {
		return mb_substr( $text, 0, $at_most, 'UTF-8' );
	}
	preg_match( '/^.{0,' . $at_most . '}/us', $text, $match );
	return $match[0] ?? '';
}

/** Return total and tax together of each line of shipping or fees. */
function ring_grosses( array $lines ): array {
	return array_map(
		static function ( array $line ): string {
			return ring_sum( array( $line['total'] ?? '', $line['total_tax'] ?? '' ) );
		},
		$lines
	);
}

/** Return the exact sum of decimal texts: a float would lose a kopeck one day. */
function ring_sum( array $amounts ): string {
	$digits = ring_digits( $amounts );
	$sum    = 0;
	foreach ( $amounts as $amount ) {
		$sum += ring_units( (string) $amount, $digits );
	}
	return ring_text( $sum, $digits );
}

function ring_negated( string $amount ): string {
	$digits = ring_digits( array( $amount ) );
	return ring_text( -ring_units( $amount, $digits ), $digits );
}

/** Return how many digits after the point the longest amount has. */
function ring_digits( array $amounts ): int {
	$digits = 0;
	foreach ( $amounts as $amount ) {
		$point  = strpos( (string) $amount, '.' );
		$digits = max( $digits, false === $point ? 0 : strlen( (string) $amount ) - $point - 1 );
	}
	return $digits;
}

/** Return a decimal text as an integer of its smallest units. */
function ring_units( string $amount, int $digits ): int {
	list( $whole, $fraction ) = array_pad( explode( '.', ltrim( $amount, '-' ), 2 ), 2, '' );
	$units                    = (int) ( $whole . str_pad( substr( $fraction, 0, $digits ), $digits, '0' ) );
	return '-' === substr( $amount, 0, 1 ) ? -$units : $units;
}

function ring_text( int $units, int $digits ): string {
	$text = str_pad( (string) abs( $units ), $digits + 1, '0', STR_PAD_LEFT );
	$text = $digits ? substr( $text, 0, -$digits ) . '.' . substr( $text, -$digits ) : $text;
	return ( $units < 0 ? '-' : '' ) . $text;
}

/** Return after how many seconds a report is sent again, null if it will not be. */
function ring_retry_delay( int $status, int $attempt, string $retry_after ): ?int {
	// 0: no answer. 401 and 403: the key may be replaced. Other refusals would be the same again.
	$is_temporary = 0 === $status || $status >= 500 || in_array( $status, array( 401, 403, 408, 425, 429 ), true );
	if ( ! $is_temporary || ! isset( RING_DELAYS[ $attempt ] ) ) {
		return null;
	}
	$asked = ctype_digit( $retry_after ) ? min( (int) $retry_after, 86400 ) : 0;
	return max( RING_DELAYS[ $attempt ], $asked );
}

/** Return what a buyer's browser or form carries, by the name of the order's meta data. */
function ring_carried( array $cookies, array $form ): array {
	$carried = array();
	foreach ( RING_META as $name => $meta ) {
		foreach ( array( $cookies, $form ) as $values ) {
			$value = $values[ $name ] ?? '';
			if ( is_string( $value ) && preg_match( RING_FORMS[ $name ], $value ) ) {
				$carried[ $meta ] = $value;
				break;
			}
		}
	}
	return $carried;
}

/* ------------------------------------------------------------------ at checkout */

/** Write the code of the buyer's link to a new order; one that is there already stays. */
function ring_mark_order( $order ): void {
	if ( ! $order instanceof WC_Order || $order->get_meta( '_ring_ref' ) ) {
		return;
	}
	// phpcs:ignore WordPress.Security.NonceVerification.Missing -- WooCommerce has checked the form; values are matched.
	foreach ( ring_carried( wp_unslash( $_COOKIE ), wp_unslash( $_POST ) ) as $meta => $value ) {
		$order->update_meta_data( $meta, $value );
	}
	if ( $order->get_id() ) {
		$order->save_meta_data();
	}
}

/** Add the snippet that remembers links to every page of the shop. */
function ring_print_snippet(): void {
	$settings = ring_settings();
	if ( '' === $settings['portal'] || '' === $settings['store'] ) {
		return;
	}
	$attributes = array(
		'src'        => $settings['portal'] . '/sdk/v1/ring.js',
		'async'      => true,
		'data-store' => $settings['store'],
	);
	if ( $settings['consent'] ) {
		$attributes['data-consent'] = 'required';
	}
	wp_print_script_tag( $attributes );
}

/* ------------------------------------------------------------------ reports to the portal */

/** Put an order into the shop's queue; several changes of one request are one report. */
function ring_queue_order( $order_id, int $attempt = 0, int $delay = 0 ): void {
	$settings = ring_settings();
	$order_id = (int) $order_id;
	if ( ! $order_id || '' === $settings['portal'] || '' === $settings['key'] ) {
		return;
	}
	$arguments = array( $order_id, $attempt );
	if ( ! function_exists( 'as_schedule_single_action' ) ) {
		wp_schedule_single_event( time() + $delay, RING_HOOK, $arguments );
		return;
	}
	$waiting = array( 'hook' => RING_HOOK, 'args' => $arguments, 'status' => 'pending', 'per_page' => 1 );
	if ( ! as_get_scheduled_actions( $waiting, 'ids' ) ) {
		as_schedule_single_action( time() + $delay, RING_HOOK, $arguments, RING_GROUP );
	}
}

/** Queue the order of a refund that was deleted: WooCommerce names the refund first. */
function ring_queue_order_of_refund( $refund_id, $order_id ): void {
	ring_queue_order( $order_id );
}

/** Report an order that is about to be deleted for good as cancelled, at once: later it cannot be read. */
function ring_report_deleted( $order_id ): void {
	$snapshot = ring_read_order( (int) $order_id );
	if ( null !== $snapshot && '' !== ring_settings()['key'] ) {
		ring_post( array_merge( $snapshot, array( 'status' => 'cancelled' ) ) );
	}
}

/** Send the present state of an order; the queue runs this. */
function ring_send_order( $order_id, $attempt = 0 ): void {
	$snapshot = ring_read_order( (int) $order_id );
	if ( null === $snapshot ) {
		return;
	}
	list( $status, $problem, $retry_after ) = ring_post( $snapshot );
	$state = array( 'at' => time(), 'order' => (int) $order_id, 'problem' => $problem );
	update_option( RING_STATE, $state, false );
	$delay = '' === $problem ? null : ring_retry_delay( $status, (int) $attempt, $retry_after );
	if ( null !== $delay ) {
		ring_queue_order( $order_id, (int) $attempt + 1, $delay );
	}
}

/** Return the snapshot of an order as WooCommerce's REST API would show the order, null if there is none. */
function ring_read_order( int $order_id ): ?array {
	$order = wc_get_order( $order_id );
	if ( ! $order instanceof WC_Order || 'shop_order' !== $order->get_type() ) {
		return null;
	}
	$request = new WP_REST_Request( 'GET' );
	$request->set_param( 'context', 'view' );
	$request->set_param( 'order_id', $order_id );
	$answer  = ( new WC_REST_Orders_Controller() )->prepare_object_for_response( $order, $request );
	$reader  = new WC_REST_Order_Refunds_Controller();
	$refunds = array();
	foreach ( $order->get_refunds() as $refund ) {
		$refunds[] = $reader->prepare_object_for_response( $refund, $request )->get_data();
	}
	$snapshot = ring_snapshot( $answer->get_data(), $refunds );
	if ( null !== $snapshot && ring_bought_before( $order ) ) {
		$snapshot['customer']['earlierPaidOrders'] = 1;
	}
	return $snapshot;
}

/** Return whether the buyer of an order has paid another one before: the portal may not have seen it. */
function ring_bought_before( WC_Order $order ): bool {
	$email = $order->get_billing_email();
	return '' !== $email && (bool) wc_get_orders(
		array(
			'billing_email' => $email,
			'date_paid'     => '<' . $order->get_date_created()->getTimestamp(),
			'exclude'       => array( $order->get_id() ),
			'type'          => 'shop_order',
			'return'        => 'ids',
			'limit'         => 1,
		)
	);
}

/** Post a snapshot; return the status, what is wrong ('' if nothing), and when the portal wants to be asked again. */
function ring_post( array $snapshot ): array {
	$settings = ring_settings();
	$answer   = wp_remote_post(
		$settings['portal'] . '/api/v1/orders',
		array(
			'timeout'     => RING_TIMEOUT,
			'redirection' => 0,
			'headers'     => array(
				'Authorization' => 'Bearer ' . $settings['key'],
				'Content-Type'  => 'application/json',
			),
			'body'        => wp_json_encode( $snapshot ),
		)
	);
	if ( is_wp_error( $answer ) ) {
		return array( 0, $answer->get_error_message(), '' );
	}
	$status = (int) wp_remote_retrieve_response_code( $answer );
	if ( $status >= 200 && $status < 300 ) {
		return array( $status, '', '' );
	}
	$body    = json_decode( (string) wp_remote_retrieve_body( $answer ), true );
	$problem = $body['error']['message'] ?? sprintf( 'HTTP %d', $status );
	return array( $status, $problem, (string) wp_remote_retrieve_header( $answer, 'retry-after' ) );
}

/* ------------------------------------------------------------------ settings */

function ring_settings(): array {
	$none = array( 'portal' => '', 'store' => '', 'key' => '', 'consent' => false );
	return array_merge( $none, (array) get_option( RING_OPTION, array() ) );
}

/** Return settings as they are stored; an empty key keeps the one that is there. */
function ring_clean_settings( $given ): array {
	$given  = (array) $given;
	$before = ring_settings();
	$portal = untrailingslashit( esc_url_raw( trim( (string) ( $given['portal'] ?? '' ) ), array( 'https', 'http' ) ) );
	$key    = trim( (string) ( $given['key'] ?? '' ) );
	if ( '' !== $key && ! preg_match( '/^rk_(live|test)_[0-9A-Za-z]{32}$/', $key ) ) {
		add_settings_error( RING_OPTION, 'key', __( 'The key begins with rk_live_ and has 40 characters. Copy it from the page of the store in your portal.', 'ring-woocommerce' ) );
		$key = '';
	}
	return array(
		'portal'  => $portal,
		'store'   => preg_replace( '/[^0-9A-Za-z]/', '', (string) ( $given['store'] ?? '' ) ),
		'key'     => '' === $key ? $before['key'] : $key,
		'consent' => ! empty( $given['consent'] ),
	);
}

function ring_admin_init(): void {
	register_setting( 'ring', RING_OPTION, array( 'sanitize_callback' => 'ring_clean_settings' ) );
}

function ring_admin_menu(): void {
	add_submenu_page( 'woocommerce', 'Ring', 'Ring', 'manage_woocommerce', 'ring', 'ring_settings_page' );
}

/** Add a link to the settings to the plugin's row in the list of plugins. */
function ring_action_links( array $links ): array {
	$link = '<a href="' . esc_url( admin_url( 'admin.php?page=ring' ) ) . '">' . esc_html__( 'Settings', 'ring-woocommerce' ) . '</a>';
	return array_merge( array( $link ), $links );
}

/** Ask the portal about an order that does not exist: the answer says whether the key is right. */
function ring_check_connection(): string {
	$settings = ring_settings();
	$answer   = wp_remote_get(
		$settings['portal'] . '/api/v1/orders?externalId=connection-check',
		array(
			'timeout'     => RING_TIMEOUT,
			'redirection' => 0,
			'headers'     => array( 'Authorization' => 'Bearer ' . $settings['key'] ),
		)
	);
	if ( is_wp_error( $answer ) ) {
		/* translators: %s: the reason */
		return sprintf( __( 'The portal does not answer: %s', 'ring-woocommerce' ), $answer->get_error_message() );
	}
	$body = json_decode( (string) wp_remote_retrieve_body( $answer ), true );
	$code = (int) wp_remote_retrieve_response_code( $answer );
	if ( 200 === $code || ( 404 === $code && isset( $body['error']['code'] ) ) ) {
		return __( 'Connected: the portal knows this key.', 'ring-woocommerce' );
	}
	if ( in_array( $code, array( 401, 403 ), true ) ) {
		return __( 'The portal refuses the key. Create a new one on the page of the store and paste it here.', 'ring-woocommerce' );
	}
	/* translators: %d: a number such as 500 */
	return sprintf( __( 'This address is not a portal, or it is out of order (%d).', 'ring-woocommerce' ), $code );
}

function ring_settings_page(): void {
	$settings = ring_settings();
	$state    = (array) get_option( RING_STATE, array() );
	$checked  = '';
	if ( isset( $_POST['ring_check'] ) && check_admin_referer( 'ring_check' ) ) {
		$checked = ring_check_connection();
	}
	?>
	<div class="wrap">
		<h1>Ring</h1>
		<?php settings_errors(); ?>
		<form method="post" action="options.php">
			<?php settings_fields( 'ring' ); ?>
			<table class="form-table" role="presentation">
				<tr>
					<th scope="row"><label for="ring-portal"><?php esc_html_e( 'Portal address', 'ring-woocommerce' ); ?></label></th>
					<td><input id="ring-portal" class="regular-text" type="url" required name="<?php echo esc_attr( RING_OPTION ); ?>[portal]" value="<?php echo esc_attr( $settings['portal'] ); ?>" placeholder="https://portal.example"></td>
				</tr>
				<tr>
					<th scope="row"><label for="ring-store"><?php esc_html_e( 'Store ID', 'ring-woocommerce' ); ?></label></th>
					<td><input id="ring-store" class="regular-text" required name="<?php echo esc_attr( RING_OPTION ); ?>[store]" value="<?php echo esc_attr( $settings['store'] ); ?>" autocomplete="off"></td>
				</tr>
				<tr>
					<th scope="row"><label for="ring-key"><?php esc_html_e( 'Key', 'ring-woocommerce' ); ?></label></th>
					<td>
						<input id="ring-key" class="regular-text" type="password" name="<?php echo esc_attr( RING_OPTION ); ?>[key]" value="" autocomplete="new-password" aria-describedby="ring-key-note">
						<p class="description" id="ring-key-note">
							<?php echo esc_html( '' === $settings['key'] ? __( 'Begins with rk_live_.', 'ring-woocommerce' ) : __( 'A key is saved. Leave this empty to keep it.', 'ring-woocommerce' ) ); ?>
						</p>
					</td>
				</tr>
				<tr>
					<th scope="row"><?php esc_html_e( 'Consent', 'ring-woocommerce' ); ?></th>
					<td><label><input type="checkbox" name="<?php echo esc_attr( RING_OPTION ); ?>[consent]" value="1" <?php checked( $settings['consent'] ); ?>> <?php esc_html_e( 'My cookie banner says when links may be remembered', 'ring-woocommerce' ); ?></label></td>
				</tr>
			</table>
			<?php submit_button(); ?>
		</form>
		<h2><?php esc_html_e( 'Connection', 'ring-woocommerce' ); ?></h2>
		<?php if ( '' !== $checked ) : ?>
			<div class="notice notice-info inline"><p><?php echo esc_html( $checked ); ?></p></div>
		<?php endif; ?>
		<?php if ( $state ) : ?>
			<p>
				<?php
				/* translators: 1: order number, 2: time */
				echo esc_html( sprintf( __( 'Last report: order %1$d, %2$s.', 'ring-woocommerce' ), $state['order'], wp_date( 'Y-m-d H:i', $state['at'] ) ) );
				echo ' ' . esc_html( '' === $state['problem'] ? __( 'It was accepted.', 'ring-woocommerce' ) : $state['problem'] );
				?>
			</p>
		<?php endif; ?>
		<form method="post">
			<?php wp_nonce_field( 'ring_check' ); ?>
			<input type="hidden" name="ring_check" value="1">
			<?php submit_button( __( 'Check the connection', 'ring-woocommerce' ), 'secondary', 'submit', false ); ?>
		</form>
	</div>
	<?php
}

function ring_uninstall(): void {
	delete_option( RING_OPTION );
	delete_option( RING_STATE );
	if ( function_exists( 'as_unschedule_all_actions' ) ) {
		as_unschedule_all_actions( RING_HOOK );
	}
}

/** Say that orders may live in WooCommerce's own tables, and that the block checkout works. */
function ring_declare_compatibility(): void {
	if ( class_exists( '\Automattic\WooCommerce\Utilities\FeaturesUtil' ) ) {
		\Automattic\WooCommerce\Utilities\FeaturesUtil::declare_compatibility( 'custom_order_tables', __FILE__, true );
		\Automattic\WooCommerce\Utilities\FeaturesUtil::declare_compatibility( 'cart_checkout_blocks', __FILE__, true );
	}
}

add_action( 'before_woocommerce_init', 'ring_declare_compatibility' );
add_action( 'woocommerce_checkout_create_order', 'ring_mark_order' );
add_action( 'woocommerce_store_api_checkout_update_order_meta', 'ring_mark_order' );
add_action( 'wp_head', 'ring_print_snippet' );
foreach ( array( 'new_order', 'update_order', 'order_refunded', 'trash_order', 'untrash_order' ) as $ring_event ) {
	add_action( 'woocommerce_' . $ring_event, 'ring_queue_order', 10, 1 );
}
add_action( 'woocommerce_refund_deleted', 'ring_queue_order_of_refund', 10, 2 );
add_action( 'woocommerce_before_delete_order', 'ring_report_deleted', 10, 1 );
add_action( RING_HOOK, 'ring_send_order', 10, 2 );
add_action( 'admin_init', 'ring_admin_init' );
add_action( 'admin_menu', 'ring_admin_menu' );
add_filter( 'plugin_action_links_' . plugin_basename( __FILE__ ), 'ring_action_links' );
register_uninstall_hook( __FILE__, 'ring_uninstall' );
