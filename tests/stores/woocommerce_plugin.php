<?php
/*
 * Runs the plugin without WordPress: the functions of WordPress that it calls are recorded instead. Reads a list of calls
 * (JSON: function, arguments) from standard input and writes what each returned, and what was recorded.
 */

define( 'ABSPATH', __DIR__ );

$recorded = array();
$options  = array( 'ring_settings' => array( 'portal' => 'https://portal.example', 'store' => 'st0re', 'key' => 'rk_live_x' ) );
$answers  = array();
$pending  = array();

function add_action( ...$arguments ) {
	$GLOBALS['recorded'][] = array( 'add_action', $arguments[0], $arguments[1] );
}
function add_filter( ...$arguments ) {}
function plugin_basename( $file ) {
	return basename( $file );
}
function register_uninstall_hook( ...$arguments ) {}
function get_option( $name, $default ) {
	return $GLOBALS['options'][ $name ] ?? $default;
}
function update_option( $name, $value ) {
	$GLOBALS['options'][ $name ] = $value;
}
function wp_unslash( $values ) {
	return $values;
}
function wp_json_encode( $value ) {
	return json_encode( $value );
}
function wp_print_script_tag( $attributes ) {
	$GLOBALS['recorded'][] = array( 'script', $attributes );
}
function as_get_scheduled_actions( $wanted ) {
	return array_filter( $GLOBALS['pending'], static fn( $one ) => $one[2] === $wanted['args'] );
}
function as_schedule_single_action( $at, $hook, $arguments, $group ) {
	$GLOBALS['pending'][]  = array( $at, $hook, $arguments, $group );
	$GLOBALS['recorded'][] = array( 'scheduled', $at - time(), $arguments );
}
function wp_remote_post( $url, $call ) {
	$GLOBALS['recorded'][] = array( 'post', $url, $call['headers']['Authorization'], json_decode( $call['body'], true ) );
	return array_shift( $GLOBALS['answers'] );
}
function is_wp_error( $answer ) {
	return $answer instanceof WP_Error;
}
function wp_remote_retrieve_response_code( $answer ) {
	return $answer['status'];
}
function wp_remote_retrieve_body( $answer ) {
	return $answer['body'] ?? '';
}
function wp_remote_retrieve_header( $answer, $name ) {
	return $answer[ $name ] ?? '';
}
function wc_get_order( $id ) {
	return $GLOBALS['orders'][ $id ] ?? false;
}
function wc_get_orders( $wanted ) {
	return array();
}

class WP_Error {
	public function get_error_message() {
		return 'no answer';
	}
}
class WC_Order {
	public $data;
	public $refunds;
	public $meta = array();
	public $saved = 0;
	public function __construct( $data, $refunds = array() ) {
		$this->data    = $data;
		$this->refunds = $refunds;
	}
	public function get_id() {
		return $this->data['id'];
	}
	public function get_type() {
		return 'shop_order';
	}
	public function get_billing_email() {
		return $this->data['billing']['email'];
	}
	public function get_date_created() {
		return new DateTime( $this->data['date_created_gmt'] );
	}
	public function get_refunds() {
		return $this->refunds;
	}
	public function get_meta( $name ) {
		return $this->meta[ $name ] ?? '';
	}
	public function update_meta_data( $name, $value ) {
		$this->meta[ $name ] = $value;
	}
	public function save_meta_data() {
		++$this->saved;
	}
}
class WP_REST_Request {
	public function __construct( $method ) {}
	public function set_param( $name, $value ) {}
}
class Shown {
	private $data;
	public function __construct( $data ) {
		$this->data = $data;
	}
	public function get_data() {
		return $this->data;
	}
}
class WC_REST_Orders_Controller {
	public function prepare_object_for_response( $order, $request ) {
		return new Shown( is_array( $order ) ? $order : $order->data );
	}
}
class WC_REST_Order_Refunds_Controller extends WC_REST_Orders_Controller {}

require dirname( __DIR__, 2 ) . '/docs/stores/woocommerce/ring-referrals.php';

/** Let the portal give these answers: a status, with a body or a header; null for no answer. */
function answer_with( array $given ) {
	foreach ( $given as $answer ) {
		$GLOBALS['answers'][] = null === $answer ? new WP_Error() : $answer;
	}
}
function show_order( array $order, array $refunds ) {
	$GLOBALS['orders'][ $order['id'] ] = new WC_Order( $order, $refunds );
}
function mark_order( array $cookies, array $form, array $before ) {
	$_COOKIE     = $cookies;
	$_POST       = $form;
	$order       = new WC_Order( array( 'id' => 14 ) );
	$order->meta = $before;
	ring_mark_order( $order );
	return array( $order->meta, $order->saved );
}

$returned = array();
foreach ( json_decode( stream_get_contents( STDIN ), true ) as list( $function, $arguments ) ) {
	$returned[] = $function( ...$arguments );
}
echo json_encode( array( 'returned' => $returned, 'recorded' => $recorded, 'options' => $options ) );
